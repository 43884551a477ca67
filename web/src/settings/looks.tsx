import { useState } from 'preact/hooks'
import { currentTheme, setTheme, type Theme } from '../app/theme.ts'
import { Tabs } from '../ui/tabs.tsx'
import { words } from '../words/index.ts'

/** Light, dark, or as the device has it. */
export function Looks() {
  const [theme, choose] = useState<Theme>(currentTheme)
  const themes = [
    ['auto', words.themeAuto],
    ['light', words.themeLight],
    ['dark', words.themeDark],
  ] as const
  return (
    <section>
      <h3>{words.looks}</h3>
      <Tabs
        label={words.looks}
        tabs={themes}
        chosen={theme}
        onChoose={(name) => {
          setTheme(name)
          choose(name)
        }}
      />
    </section>
  )
}
