/** What a key may do; each holds those before it. */
export const scopes = [
  { value: 'read', label: 'Read', hint: 'Sees everything, and changes nothing.' },
  {
    value: 'write',
    label: 'Write',
    hint: 'Reads, adds and changes accounts and transactions, and syncs sources.',
  },
  {
    value: 'admin',
    label: 'Everything',
    hint: 'Does all that you can: connects sources and makes keys, too.',
  },
] as const

export function scopeWords(granted: readonly string[]): string {
  return scopes.findLast(({ value }) => granted.includes(value))?.label ?? granted.join(', ')
}
