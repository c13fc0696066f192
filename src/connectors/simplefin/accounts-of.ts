import type { PageProblem } from '../connector.ts'
import { plainText } from './plain-text.ts'
import { type Account, type AccountSet, account, connection } from './wire.ts'

export interface FoundAccount {
  found: Account
  /** What it was read from. */
  item: unknown
  institution: string | undefined
}

/** The accounts of an answer, each once, and what of them cannot be told apart or read. */
export function accountsOf(set: AccountSet): { accounts: FoundAccount[]; problems: PageProblem[] } {
  const problems: PageProblem[] = []
  const nameOf = institutionNames(set)
  const byId = new Map<string, FoundAccount[]>()
  for (const item of set.accounts) {
    const { data: found } = account.safeParse(item)
    if (found) {
      byId.set(found.id, [...(byId.get(found.id) ?? []), { found, item, institution: nameOf(found) }])
      continue
    }
    const { data: named } = account.pick({ id: true }).safeParse(item)
    problems.push({ ...(named && { account: named.id }), message: 'an account is not as the protocol says' })
  }

  const accounts: FoundAccount[] = []
  for (const [id, same] of byId) {
    // Ids are unique within an institution. Which of two is meant could change from one answer to the next.
    if (new Set(same.map(({ found }) => placeOf(found))).size > 1)
      problems.push({ account: id, message: 'accounts of two institutions have this id' })
    else accounts.push(same.at(-1)!)
  }
  return { accounts, problems }
}

function placeOf({ conn_id, org }: Account): string {
  return conn_id ?? org?.domain ?? org?.name ?? ''
}

function institutionNames(set: AccountSet): (of: Account) => string | undefined {
  const names = new Map<string, string | undefined>()
  for (const item of set.connections) {
    const { data } = connection.safeParse(item)
    if (data) names.set(data.conn_id, plainText(data.org_name) ?? plainText(data.name))
  }
  return ({ org, conn_id }) => plainText(org?.name) ?? names.get(conn_id ?? '') ?? plainText(org?.domain)
}
