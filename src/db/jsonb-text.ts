/**
 * JSON as jsonb takes it: without NUL and without halves of surrogate pairs, into which some providers cut their texts.
 * U+FFFD stands in their place. https://www.postgresql.org/docs/current/datatype-json.html
 */
export function jsonbText(value: unknown): string {
  const text = JSON.stringify(value)
  // Both are always written as escapes; seldom is there any.
  if (!/\\u(?:0000|d[89a-f])/.test(text)) return text
  return JSON.stringify(value, (_, each) =>
    typeof each === 'string' ? each.replace(/[\0\p{Surrogate}]/gu, '\ufffd') : each,
  )
}
