// The service worker: opens the inbox without a line, and shows what is pushed. Nothing private is kept by it: the last state is the
// page's own (app/offline.ts).

export type {}

declare const self: ServiceWorkerGlobalScope

const SHELL = 'snug-shell'
// A page that answers no sooner is opened as it was.
const PATIENCE_MS = 3_000

/** What a push holds: src/notify/push/note.ts. */
interface Note {
  readonly title: string
  readonly body: string
  readonly badge: number
  readonly data: {
    readonly community_id: string
    readonly conversation_id: string
    readonly sender_id: string
  }
  readonly thread: string
}

const isPage = (url: URL) => url.pathname === new URL(self.registration.scope).pathname
const isAsset = (url: URL) => url.pathname.startsWith(new URL('assets/', self.registration.scope).pathname)

self.addEventListener('install', (event) => {
  event.waitUntil(caches.open(SHELL).then((cache) => cache.add(new Request('.', { cache: 'reload' }))))
  void self.skipWaiting()
})
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()))

self.addEventListener('fetch', (event) => {
  const { request } = event
  const url = new URL(request.url)
  if (request.method !== 'GET' || url.origin !== location.origin) return
  if (request.mode === 'navigate' && isPage(url)) event.respondWith(page())
  else if (isAsset(url)) event.respondWith(asset(request))
})

/** The page as it is now, or as it was last. One for all its addresses. */
async function page(): Promise<Response> {
  const cache = await caches.open(SHELL)
  const last = await cache.match('.')
  const fresh = fetch('.', { cache: 'no-cache' }).then(async (answer) => {
    if (answer.ok) {
      await cache.put('.', answer.clone())
      await prune(cache, await answer.clone().text())
    }
    return answer
  })
  if (!last) return fresh
  fresh.catch(() => {})
  const late = new Promise<Response>((resolve) => setTimeout(resolve, PATIENCE_MS, last))
  return Promise.race([fresh.catch(() => last), late])
}

/** Their names hold a hash of what is in them. */
async function asset(request: Request): Promise<Response> {
  const cache = await caches.open(SHELL)
  const kept = await cache.match(request)
  if (kept) return kept
  const answer = await fetch(request)
  if (answer.ok) await cache.put(request, answer.clone())
  return answer
}

/** Another version's files are not asked for again; those that this one loads later come back by themselves. */
async function prune(cache: Cache, html: string): Promise<void> {
  const main = /assets\/[\w-]+\.js/.exec(html)?.[0]
  if (!main || (await cache.match(main))) return
  for (const request of await cache.keys()) if (isAsset(new URL(request.url))) await cache.delete(request)
}

self.addEventListener('push', (event) => {
  const note = event.data?.json() as Note | undefined
  if (!note) return
  const { title, body, data, thread, badge } = note
  const shown = self.registration.showNotification(title, {
    body,
    data,
    // A later one of the same conversation takes its place.
    tag: thread,
    icon: 'icon-192.png',
    badge: 'icon-192.png',
  })
  event.waitUntil(Promise.all([shown, navigator.setAppBadge?.(badge).catch(() => {})]))
})

self.addEventListener('notificationclick', (event) => {
  event.notification.close()
  const { community_id, sender_id } = event.notification.data as Note['data']
  event.waitUntil(openThread(community_id, sender_id))
})

async function openThread(community: string, user: string): Promise<void> {
  const query = new URLSearchParams({ community, user })
  const [open] = await self.clients.matchAll({ type: 'window' })
  if (!open) return void (await self.clients.openWindow(`./?${query}`))
  // The sign-in is in the tab: it is told, and not loaded anew.
  open.postMessage({ open: { community, user } })
  await open.focus()
}
