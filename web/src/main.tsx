import './styles.css'
import { forThisTab } from './app/kept.ts'
import { routerOfPage } from './app/route.ts'
import { sessionOfPage } from './app/session.ts'
import { startInbox } from './app/start.tsx'
import { startTheme } from './app/theme.ts'
import { cell } from './app/use.ts'
import { startWorker } from './app/worker.ts'
import { chooseLanguage, language, words } from './words/index.ts'

// The inbox as a page of its own, at `/`.

const router = routerOfPage()
const signedOut = cell(false)
const session = sessionOfPage(() => signedOut.set(true))
const loginUrl = loginUrlOf()
// Whoever has just come back from there without a sign-in that holds is not sent round and round.
const cameBack = Date.now() - Number(forThisTab.get('sent') ?? 0) < 10_000

if (session.user === null && loginUrl !== null && !cameBack) {
  forThisTab.set('sent', String(Date.now()))
  location.replace(loginUrl)
} else {
  await chooseLanguage(navigator.languages)
  document.documentElement.lang = language
  document.title = words.messages
  const root = document.createElement('div')
  root.className = 'snug'
  document.body.append(root)
  startTheme(root, null)
  const url = new URL('.', location.href).href
  startInbox(root, { url, session, router, isPage: true, signIn: { url: loginUrl }, signedOut })
  startWorker(router)
}

/** The host's page for signing in, told where to come back to. */
function loginUrlOf(): string | null {
  const given = document.querySelector<HTMLMetaElement>('meta[name="snug-login"]')?.content
  if (!given) return null
  const url = new URL(given)
  url.searchParams.set('return_to', location.origin + location.pathname + location.search)
  return url.href
}
