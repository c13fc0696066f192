/** Shorter texts (a version, a country) are not what is kept secret, and may stand in a message by chance. */
const shortestSecret = 6

/** Every text in the credentials. */
export function secretsOf(credentials: unknown): string[] {
  if (typeof credentials === 'string') return credentials.length >= shortestSecret ? [credentials] : []
  if (credentials === null || typeof credentials !== 'object') return []
  return Object.values(credentials).flatMap(secretsOf)
}

/** The first text that bears a secret, with the secret hidden; undefined where none does. */
export function findSecret(texts: string[], secrets: string[]): string | undefined {
  for (const text of texts) {
    for (const secret of secrets) {
      if (text.includes(secret)) return text.replaceAll(secret, '…')
    }
  }
  return undefined
}
