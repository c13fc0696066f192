export type Decimal = '.' | ','

const styles: Record<Decimal, RegExp> = {
  '.': /^(\d+|[1-9]\d{0,2}(,\d{3})+)?(\.\d*)?$/,
  ',': /^(\d+|[1-9]\d{0,2}(\.\d{3})+)?(,\d*)?$/,
}

/**
 * With which decimal separator all amounts can be read. Of none and of both nothing is taken for granted: `1.234` is one
 * and a bit, or a thousand. Whole amounts read the same either way.
 */
export function decimalOf(cells: string[]): Decimal | '' {
  const amounts = cells.map((cell) => cell.replace(/[^\d.,]/g, '')).filter((cell) => /\d/.test(cell))
  const fitting = (['.', ','] as const).filter((style) => amounts.every((cell) => styles[style].test(cell)))
  if (fitting.length === 1) return fitting[0]!
  return fitting.length === 2 && !amounts.some((cell) => /[.,]/.test(cell)) ? '.' : ''
}
