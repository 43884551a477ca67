import { fork } from 'node:child_process'
import { once } from 'node:events'

/** A service in a process of its own that takes everything, as fast as it can. */
export interface Sink {
  readonly port: number
  /** What it has taken since the last reset: how many, and when the first and the last came (milliseconds of its own clock). */
  taken(): Promise<Taken>
  reset(): Promise<void>
  stop(): Promise<void>
}

export interface Taken {
  readonly count: number
  readonly first: number
  readonly last: number
}

/** @param kind which of `smtp-sink.ts` and `push-sink.ts` */
export async function startSink(kind: 'smtp' | 'push'): Promise<Sink> {
  const child = fork(new URL(`./${kind}-sink.ts`, import.meta.url), { stdio: 'inherit' })
  const [{ port }] = (await once(child, 'message')) as [{ port: number }]
  const ask = async (what: 'taken' | 'reset') => {
    child.send(what)
    const [answer] = await once(child, 'message')
    return answer as Taken
  }
  return {
    port,
    taken: () => ask('taken'),
    reset: async () => void (await ask('reset')),
    async stop() {
      const ended = once(child, 'exit')
      child.kill('SIGTERM')
      await ended
    },
  }
}

/** The other end, in the sink's process. @returns what to call for each thing that is taken */
export function answerAsSink(port: number): () => void {
  let taken: Taken = { count: 0, first: 0, last: 0 }
  process.on('message', (what) => {
    if (what === 'reset') taken = { count: 0, first: 0, last: 0 }
    process.send?.(taken)
  })
  process.send?.({ port })
  return () => {
    const now = performance.now()
    taken = { count: taken.count + 1, first: taken.count === 0 ? now : taken.first, last: now }
  }
}
