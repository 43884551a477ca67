import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'

// What a process of the bench's own answers to: questions by name, one answer each.

type Handlers = Readonly<Record<string, (argument: never) => unknown>>
interface Question {
  readonly number: number
  readonly name: string
  readonly argument: unknown
}
interface Answer {
  readonly number: number
  readonly answer?: unknown
  readonly fault?: string
}

export interface Child<Of extends Handlers> {
  readonly process: ChildProcess
  ask<Name extends keyof Of & string>(
    name: Name,
    ...argument: Parameters<Of[Name]>
  ): Promise<Awaited<ReturnType<Of[Name]>>>
  stop(): Promise<void>
}

/** Starts a file of bench/lib in a process of its own. @param node options of Node's */
export function startChild<Of extends Handlers>(file: string, node: readonly string[] = []): Child<Of> {
  const child = fork(new URL(file, import.meta.url), {
    stdio: 'inherit',
    serialization: 'advanced',
    execArgv: [...node],
  })
  const ask = asker(child)
  return {
    process: child,
    ask: (name, ...[argument]) => ask(name, argument) as never,
    async stop() {
      const ended = once(child, 'exit')
      child.kill('SIGTERM')
      await ended
    },
  }
}

/** @returns how to ask a process that answers by `answerQuestions` */
export function asker(child: ChildProcess): (name: string, argument?: unknown) => Promise<unknown> {
  const waiting = new Map<number, (answer: Answer) => void>()
  let count = 0
  child.on('message', (answer: Answer) => {
    waiting.get(answer.number)?.(answer)
    waiting.delete(answer.number)
  })
  child.on('exit', () => {
    for (const [number, settle] of waiting) settle({ number, fault: 'the process has ended' })
  })
  return (name, argument) =>
    new Promise((resolve, reject) => {
      const number = ++count
      waiting.set(number, ({ answer, fault }) =>
        fault === undefined ? resolve(answer) : reject(new Error(`${name}: ${fault}`)),
      )
      child.send({ number, name, argument } satisfies Question)
    })
}

/** The other end. What a process has no handler for may be another's, in the same process. */
export function answerQuestions(handlers: Handlers): void {
  process.on('disconnect', () => process.exit())
  process.on('message', async ({ number, name, argument }: Question) => {
    const handler = handlers[name]
    if (!handler) return
    try {
      process.send?.({ number, answer: await handler(argument as never) } satisfies Answer)
    } catch (error) {
      process.send?.({ number, fault: (error as Error).message } satisfies Answer)
    }
  })
}
