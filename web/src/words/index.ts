import { en, type Words } from './en.ts'

/** The words in the reader's language; English until another one has been chosen. */
export let words: Words = en
/** For dates and numbers. */
export let language = 'en'

const OTHERS: Readonly<Record<string, () => Promise<Words>>> = {
  ar: async () => (await import('./ar.ts')).ar,
}

/** Takes the first language that there are words in. To be called before anything is shown. */
export async function chooseLanguage(wanted: readonly string[]): Promise<void> {
  for (const one of wanted) {
    const name = one.toLowerCase().split('-')[0] as string
    const load = OTHERS[name]
    if (name !== 'en' && !load) continue
    words = load ? await load() : en
    language = one
    return
  }
}
