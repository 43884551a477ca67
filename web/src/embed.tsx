import { routerOfElement } from './app/route.ts'
import { sessionOfHost } from './app/session.ts'
import { startInbox } from './app/start.tsx'
import { startTheme } from './app/theme.ts'
import { cell } from './app/use.ts'
import styles from './styles.css?inline'
import { chooseLanguage } from './words/index.ts'

// `<snug-inbox community="…" token-url="…" theme="…">`: the inbox in a page of the host's. Loaded by one script tag, from Snug itself.

const script = document.currentScript as HTMLScriptElement | null
const home = new URL('.', script?.src ?? location.href).href
let sheet: CSSStyleSheet | undefined

class SnugInbox extends HTMLElement {
  static observedAttributes = ['community', 'token-url', 'user', 'theme']
  #end: (() => void) | null = null
  #run = 0

  connectedCallback(): void {
    void this.#start()
  }

  disconnectedCallback(): void {
    this.#stop()
  }

  attributeChangedCallback(_name: string, before: string | null, after: string | null): void {
    if (before !== after && this.isConnected && this.#run > 0) void this.#start()
  }

  #stop(): void {
    this.#run++
    this.#end?.()
    this.#end = null
  }

  async #start(): Promise<void> {
    this.#stop()
    const run = this.#run
    const tokenUrl = this.getAttribute('token-url')
    if (tokenUrl === null)
      throw new Error('<snug-inbox> needs a token-url, which answers with a token for whoever is signed in')
    const shadow = this.shadowRoot ?? this.attachShadow({ mode: 'open' })
    // Made by script, so that a page's policy for styles does not concern it.
    if (!sheet) {
      sheet = new CSSStyleSheet()
      sheet.replaceSync(styles)
    }
    shadow.adoptedStyleSheets = [sheet]
    const root = document.createElement('div')
    root.className = 'snug'
    shadow.replaceChildren(root)
    const lang = this.closest('[lang]')?.getAttribute('lang')
    await chooseLanguage(lang ? [lang] : navigator.languages)
    startTheme(root, this.getAttribute('theme'))
    const signedOut = cell(false)
    const ended = () => {
      signedOut.set(true)
      this.dispatchEvent(new CustomEvent('snug-signed-out'))
    }
    const session = await sessionOfHost(new URL(tokenUrl, location.href).href, ended).catch(() => {
      return { user: null, token: () => Promise.reject(new Error('signed out')), refused: ended }
    })
    // It was taken out of the page, or begun anew, meanwhile.
    if (run !== this.#run) return
    const router = routerOfElement(this.getAttribute('community'), this.getAttribute('user'))
    const url = this.getAttribute('url') ?? home
    this.#end = startInbox(root, { url, session, router, isPage: false, signIn: { url: null }, signedOut })
  }
}

if (!customElements.get('snug-inbox')) customElements.define('snug-inbox', SnugInbox)
