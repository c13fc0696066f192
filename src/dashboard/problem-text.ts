import { ApiProblem } from '../client/client.ts'

/** A sentence for whoever sees it. */
export function textOf(error: unknown): string {
  if (error instanceof ApiProblem) {
    const { errors, requestId } = error.members as { errors?: FieldFault[]; requestId?: string }
    if (errors && errors.length > 0)
      return sentence(errors.map(({ field, message }) => `${field} ${message}`).join('; '))
    if (error.status >= 500 && error.type !== 'urn:tidemark:problem:busy' && requestId !== undefined)
      return `${sentence(error.message)} (Request ${requestId})`
    return sentence(error.message)
  }
  if (error instanceof TypeError) return 'The server could not be reached.'
  return error instanceof Error ? sentence(error.message) : 'Something went wrong.'
}

export interface FieldFault {
  field: string
  message: string
}

/** What is wrong with which field of what was sent, by the field's name. */
export function faultsOf(error: unknown): Map<string, string> {
  const { errors = [] } = error instanceof ApiProblem ? (error.members as { errors?: FieldFault[] }) : {}
  return new Map(errors.map(({ field, message }) => [field, message]))
}

export function isProblem(error: unknown, type: string): error is ApiProblem {
  return error instanceof ApiProblem && error.type === `urn:tidemark:problem:${type}`
}

function sentence(text: string): string {
  const begun = text.charAt(0).toUpperCase() + text.slice(1)
  return /[.!?]$/.test(begun) ? begun : `${begun}.`
}
