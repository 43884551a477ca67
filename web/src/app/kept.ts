/**
 * What the inbox keeps in the browser. The sign-in is in the session's storage alone, which ends with the tab; drafts and what is
 * still to be sent outlast it. A browser that keeps nothing costs only that.
 */
const PREFIX = 'snug.'

const storageOf = (name: 'localStorage' | 'sessionStorage'): Storage | null => {
  try {
    return globalThis[name]
  } catch {
    return null
  }
}

export interface Kept {
  get(name: string): string | null
  /** Null: forgets it. */
  set(name: string, value: string | null): void
  clear(): void
}

function keptIn(name: 'localStorage' | 'sessionStorage'): Kept {
  const storage = storageOf(name)
  return {
    get: (key) => storage?.getItem(PREFIX + key) ?? null,
    set(key, value) {
      try {
        if (value === null) storage?.removeItem(PREFIX + key)
        else storage?.setItem(PREFIX + key, value)
      } catch {
        // It is full: what is shown is all there is.
      }
    },
    clear() {
      for (const key of Object.keys(storage ?? {})) if (key.startsWith(PREFIX)) storage?.removeItem(key)
    },
  }
}

export const forThisTab = keptIn('sessionStorage')
export const forLong = keptIn('localStorage')
