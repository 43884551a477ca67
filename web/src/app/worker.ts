import type { Router } from './route.ts'

interface Policies {
  createPolicy(
    name: string,
    rules: { createScriptURL(url: string): string },
  ): { createScriptURL(url: string): string }
}

// The only script that is ever named by a text: the policy of the page allows this one, and takes no other (Trusted Types).
const WORKER = './sw.js'
const policy = (globalThis as { trustedTypes?: Policies }).trustedTypes?.createPolicy('snug', {
  createScriptURL(url) {
    if (url !== WORKER) throw new TypeError('no script but the service worker is loaded by its name')
    return url
  },
})

/** Starts the service worker, and goes where a notification leads. Without a secure context there is none, and nothing lacks but offline and push. */
export function startWorker(router: Router): void {
  if (!navigator.serviceWorker) return
  const url = policy?.createScriptURL(WORKER) ?? WORKER
  navigator.serviceWorker
    .register(url)
    .catch((error) => console.warn('The service worker did not start:', error))
  navigator.serviceWorker.addEventListener('message', ({ data }) => {
    const to = (data as { open?: { community: string; user: string } }).open
    if (to) router.go(to)
  })
}
