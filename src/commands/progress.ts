const EVERY_MS = 100
const WIDTH = 30

export interface Progress {
  /** @param done in the unit of the total @param detail what else to show */
  show(done: number, detail: string): void
  /** Takes the bar away. */
  end(): void
}

/** A progress bar on standard error when that is a terminal; elsewhere nothing. @param total null when it is not known */
export function progress(total: number | null): Progress {
  const { stderr } = process
  if (!stderr.isTTY) return { show: () => {}, end: () => {} }
  let shown = 0
  return {
    show(done, detail) {
      const now = Date.now()
      if (now - shown < EVERY_MS) return
      shown = now
      stderr.write(`\r\x1b[K${total ? `${barOf(done / total)} ` : ''}${detail}`)
    },
    end: () => stderr.write('\r\x1b[K'),
  }
}

function barOf(share: number): string {
  const full = Math.round(Math.min(share, 1) * WIDTH)
  return `${'█'.repeat(full)}${'░'.repeat(WIDTH - full)} ${Math.floor(Math.min(share, 1) * 100)} %`
}
