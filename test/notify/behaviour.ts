import { readFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'

const tlsFile = (name: string): string => fileURLToPath(new URL(`./tls/${name}`, import.meta.url))

/** For `NODE_EXTRA_CA_CERTS` of a process that is to trust the services here. */
export const CA_PATH = tlsFile('ca.pem')
/** The same for the option `ca`. */
export const CA = readFileSync(CA_PATH, 'utf8')
export const TLS = { cert: readFileSync(tlsFile('loopback.pem')), key: readFileSync(tlsFile('loopback.key')) }

/** What a service does with one request instead of taking it. Absent fields: as it would anyway. */
export interface Behaviour {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** Waits for this before it answers. */
  readonly until?: Promise<unknown>
  /** Never answers. */
  readonly hang?: true
  /** Cuts the line: before the status, or after it in the middle of the body. */
  readonly cut?: 'before' | 'during'
  /** After the status a body without an end: at full speed, or a byte now and then. */
  readonly endless?: 'fast' | 'slow'
}

/** @param number of the request, from 1 on */
export type Behave<Request> = (request: Request, number: number) => Behaviour | undefined

type Incoming = IncomingMessage | Http2ServerRequest
type Response = ServerResponse | Http2ServerResponse

/** Answers as told. @param usual what is answered where the behaviour says nothing */
export async function act(
  response: Response,
  usual: { readonly status: number; readonly headers?: Record<string, string>; readonly body?: string },
  behaviour: Behaviour = {},
): Promise<void> {
  await behaviour.until
  if (behaviour.hang) return
  const cut = () => ('stream' in response ? response.stream.session : response.socket)?.destroy()
  if (behaviour.cut === 'before') return void cut()
  const other = behaviour.status !== undefined && behaviour.status !== usual.status
  const body = behaviour.body ?? (other ? '' : (usual.body ?? ''))
  // http2 forbids what http takes, and the other way round: they have this much in common.
  const plain = response as ServerResponse
  plain.writeHead(behaviour.status ?? usual.status, { ...usual.headers, ...behaviour.headers })
  if (behaviour.cut === 'during') plain.write('half of', () => cut())
  else if (behaviour.endless === 'fast') flood(plain)
  else if (behaviour.endless === 'slow') drip(plain)
  else plain.end(body)
}

function flood(response: ServerResponse): void {
  const chunk = Buffer.alloc(65_536, 'x')
  const go = () => {
    while (!response.destroyed && response.write(chunk));
  }
  response.on('drain', go)
  go()
}

function drip(response: ServerResponse): void {
  const timer = setInterval(() => response.write('x'), 5)
  response.on('close', () => clearInterval(timer))
}

export async function bodyOf(request: Incoming): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

export interface HttpsServer {
  /** Without a trailing slash. */
  readonly url: string
  /** Connections that were ever opened. */
  connections(): number
  close(): Promise<void>
}

/** An https server on loopback. Whoever sends half a request, or leaves, is no fault of the server's. */
export async function startHttps(
  handle: (request: IncomingMessage, response: ServerResponse) => Promise<void>,
): Promise<HttpsServer> {
  let connections = 0
  const server = createServer(TLS, (request, response) => {
    response.on('error', () => {})
    handle(request, response).catch(() => response.destroy())
  })
  server.on('secureConnection', () => connections++)
  server.on('tlsClientError', () => {})
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    connections: () => connections,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
