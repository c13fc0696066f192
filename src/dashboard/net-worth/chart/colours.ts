/** Colours of the page, as the canvas needs them. */
export interface Colours {
  text: string
  soft: string
  line: string
  surface: string
  assets: string
  debts: string
  warning: string
  bad: string
  /** Of the part at that place. */
  part(index: number): string
}

/** The custom properties as they are for `element`, by light or dark. */
export function readColours(element: HTMLElement): Colours {
  const probe = document.createElement('span')
  element.append(probe)
  const of = (name: string) => {
    probe.style.color = `var(--${name})`
    return getComputedStyle(probe).color
  }
  const parts = Array.from({ length: 20 }, (_, index) => of(`part-${index}`))
  const colours = {
    text: of('text'),
    soft: of('soft'),
    line: of('line'),
    surface: of('surface'),
    assets: of('assets-fill'),
    debts: of('debts-fill'),
    warning: of('warning'),
    bad: of('bad'),
    part: (index: number) => parts[index % parts.length]!,
  }
  probe.remove()
  return colours
}
