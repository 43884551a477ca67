/** Time and chance, which a test may give. */
export interface Timing {
  /** Unix milliseconds. */
  readonly clock: () => number
  readonly timers: Timers
  /** From 0 up to 1. */
  readonly random: () => number
}

export interface Timers {
  setTimeout(work: () => void, milliseconds: number): unknown
  clearTimeout(timer: unknown): void
}

/** The platform's own, looked up at each call: they may be replaced. */
export const platformTiming: Timing = {
  clock: Date.now,
  timers: globalThis as unknown as Timers,
  random: Math.random,
}

/** How long to wait before another try: anything up to a bound that doubles, so that clients do not come back all at once. */
export const backoff = (timing: Timing, tries: number, base: number, most: number): number =>
  timing.random() * Math.min(most, base * 2 ** tries)

/** @throws the signal's reason */
export function stopIfAborted(signal?: AbortSignal): void {
  // React Native's signals have no reason.
  if (signal?.aborted) throw signal.reason ?? new Error('abort')
}

/** Waits for something that goes on by itself, for as long as the signal lets it. @throws the signal's reason */
export async function abortable<T>(work: Promise<T>, signal?: AbortSignal): Promise<T> {
  stopIfAborted(signal)
  if (!signal) return work
  let stop = () => {}
  const aborted = new Promise<void>((resolve) => {
    stop = resolve
    signal.addEventListener('abort', stop)
  })
  try {
    const result = await Promise.race([work, aborted])
    stopIfAborted(signal)
    return result as T
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

/** @throws the signal's reason */
export async function pause({ timers }: Timing, milliseconds: number, signal?: AbortSignal): Promise<void> {
  let timer: unknown
  try {
    await abortable(
      new Promise<void>((resolve) => {
        timer = timers.setTimeout(resolve, milliseconds)
      }),
      signal,
    )
  } finally {
    timers.clearTimeout(timer)
  }
}
