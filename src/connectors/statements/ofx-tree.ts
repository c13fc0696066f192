import { StatementError } from '../../errors.ts'
import { createOfxTokens } from './ofx-tokens.ts'

/** One aggregate of an OFX document: its elements by name, and the aggregates within it. */
export interface OfxNode {
  name: string
  line: number
  values: Map<string, string>
  children: OfxNode[]
}

export interface OfxTreeHandler {
  /** A container begins or ends. */
  open(container: string): void
  close(container: string): void
  /** An element that stands directly in a container. */
  value(container: string, name: string, value: string): void
  /** A whole aggregate that stands directly in a container. */
  record(container: string, node: OfxNode): void
}

/** Aggregates that may grow with the file: they are passed through, only what stands in them is collected. */
const containers = new Set([
  'OFX',
  'BANKMSGSRSV1',
  'CREDITCARDMSGSRSV1',
  'INVSTMTMSGSRSV1',
  'SECLISTMSGSRSV1',
  'SIGNONMSGSRSV1',
  'SIGNUPMSGSRSV1',
  'SONRS',
  'STMTTRNRS',
  'CCSTMTTRNRS',
  'INVSTMTTRNRS',
  'STMTRS',
  'CCSTMTRS',
  'INVSTMTRS',
  'BANKTRANLIST',
  'INVTRANLIST',
  'INVPOSLIST',
  'SECLIST',
])

/** Most elements and aggregates that one record may have. */
const maxNodes = 10_000

interface Frame extends OfxNode {
  /** False until a tag that has no text of its own is known to be an aggregate and not an empty element. */
  certain: boolean
}

/**
 * Builds records from OFX tags. SGML does not close its elements, and an element without a value (`<MEMO>`
 * followed by the next tag) looks like the start of an aggregate: it counts as one only once its end tag is met.
 * Of the `known` aggregates, records never stand in an unknown one, parts may.
 */
export function createOfxTree(
  handler: OfxTreeHandler,
  known: { records: ReadonlySet<string>; parts: ReadonlySet<string> },
) {
  const stack: Frame[] = []
  let element: string | undefined
  let nodes = 0
  let seen = false
  let ended = false

  const containerAt = (index: number): string | undefined => {
    for (let at = index; at >= 0; at--) if (containers.has(stack[at]!.name)) return stack[at]!.name
    return undefined
  }

  const pop = (closed: boolean) => {
    const frame = stack.pop()!
    if (containers.has(frame.name)) return handler.close(frame.name)
    const parent = stack.at(-1)
    if (!parent) return
    if (!closed && !frame.certain) {
      // It was an element without a value: what came behind it belongs to its parent.
      if (containers.has(parent.name)) {
        for (const [name, value] of frame.values) handler.value(parent.name, name, value)
        for (const child of frame.children) handler.record(parent.name, child)
      } else {
        for (const [name, value] of frame.values) setOnce(parent.values, name, value)
        parent.children.push(...frame.children)
      }
    } else if (containers.has(parent.name)) handler.record(parent.name, frame)
    else parent.children.push(frame)
  }

  const tokens = createOfxTokens({
    open(name, line) {
      element = name
      seen ||= name === 'OFX'
      const whole = containers.has(name) || known.records.has(name)
      const certain = whole || known.parts.has(name)
      if (whole) while (stack.length > 0 && !stack.at(-1)!.certain) pop(false)
      if (containers.has(name)) {
        while (stack.length > 0 && !containers.has(stack.at(-1)!.name)) pop(true)
        if (stack.length > containers.size) throw new StatementError('elements are nested too deeply', line)
        nodes = 0
        handler.open(name)
      } else if (containers.has(stack.at(-1)?.name ?? '')) nodes = 0
      if (++nodes > maxNodes) throw new StatementError(`a record has more than ${maxNodes} elements`, line)
      stack.push({ name, line, values: new Map(), children: [], certain })
    },
    text(text) {
      // Text right behind a start tag is the value of an element; anywhere else it means nothing.
      if (element === undefined || stack.at(-1)!.certain) return
      stack.pop()
      const parent = stack.at(-1)
      if (parent && containers.has(parent.name)) handler.value(parent.name, element, text)
      else if (parent) setOnce(parent.values, element, text)
      element = undefined
    },
    close(name) {
      element = undefined
      ended ||= name === 'OFX'
      const index = stack.findLastIndex((frame) => frame.name === name)
      if (index === -1) return
      // The end tag of an element never closes a container around it.
      if (!containers.has(name) && stack.slice(index).some((frame) => containers.has(frame.name))) return
      while (stack.length > index + 1) pop(false)
      pop(true)
    },
  })

  return {
    write: tokens.write,
    end() {
      tokens.end()
      if (!seen) throw new StatementError('the file has no <OFX> element')
      if (!ended)
        throw new StatementError('the document ends before </OFX>: the file is cut off', tokens.line)
    },
    inside: (container: string) => stack.some((frame) => frame.name === container),
    container: () => containerAt(stack.length - 1),
  }
}

function setOnce(values: Map<string, string>, name: string, value: string): void {
  if (!values.has(name)) values.set(name, value)
}

/** The first aggregate of a name at any depth of a record, or the record itself. */
export function findNode(node: OfxNode, name: string): OfxNode | undefined {
  if (node.name === name) return node
  for (const child of node.children) {
    const found = findNode(child, name)
    if (found) return found
  }
  return undefined
}
