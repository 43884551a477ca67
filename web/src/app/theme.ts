import { forLong } from './kept.ts'

export type Theme = 'auto' | 'light' | 'dark'

const THEMES: readonly string[] = ['auto', 'light', 'dark']
const themeOf = (name: string | null): Theme => (THEMES.includes(name ?? '') ? (name as Theme) : 'auto')

// The element that everything is in: the page's own, or the one in a page of the host's.
let root: HTMLElement | null = null
let current: Theme = 'auto'

export const currentTheme = (): Theme => current

/** @param given the host's; what somebody has chosen here comes first */
export function startTheme(element: HTMLElement, given: string | null): void {
  root = element
  apply(themeOf(forLong.get('theme') ?? given))
}

export function setTheme(theme: Theme): void {
  forLong.set('theme', theme === 'auto' ? null : theme)
  apply(theme)
}

function apply(theme: Theme): void {
  current = theme
  if (root) root.dataset.theme = theme
}
