import { Back } from './back.tsx'

/** Of a page beside the list. */
export function PageHeader({ title }: { title: string }) {
  return (
    <header class="pane-header">
      <Back />
      <h2>{title}</h2>
    </header>
  )
}
