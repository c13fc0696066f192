import type { ComponentChildren } from 'preact'

/** A table that scrolls by itself where it is too wide, by the keyboard, too. */
export function ScrollTable({ label, children }: { label: string; children: ComponentChildren }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by the keyboard
    <section class="table-scroll" aria-label={label} tabIndex={0}>
      {children}
    </section>
  )
}
