import { existsSync } from 'node:fs'
import type { ResolveFnOutput, ResolveHookContext } from 'node:module'
import { fileURLToPath } from 'node:url'

/**
 * Resolution of what connectors outside the tree import: they have no packages of their own, and what they share
 * with Tidemark must be the same module (an error is told by its class). Runs in the thread of node's module hooks.
 */

export interface OutsideModules {
  /** URLs of the connectors' folders, each with a slash at its end. */
  folders: string[]
  /** URL of what `tidemark/connector` is. */
  kit: string
}

/** Packages that a connector gets from Tidemark. */
const shared = ['zod', 'hono', 'big.js']

let modules: OutsideModules = { folders: [], kit: '' }

export function initialize(data: OutsideModules): void {
  modules = data
}

export async function resolve(
  specifier: string,
  context: ResolveHookContext,
  next: (
    specifier: string,
    context?: Partial<ResolveHookContext>,
  ) => ResolveFnOutput | Promise<ResolveFnOutput>,
): Promise<ResolveFnOutput> {
  if (/^(\.{1,2}\/|file:)/.test(specifier)) {
    const found = ownFile(new URL(specifier, context.parentURL).href)
    if (found !== undefined) return { ...found, shortCircuit: true }
  }
  if (context.parentURL === undefined || !isOutside(context.parentURL)) return next(specifier, context)
  const fromTidemark = { ...context, parentURL: modules.kit }
  if (specifier === 'tidemark/connector') return next(modules.kit, fromTidemark)
  return next(specifier, shared.includes(specifier.split('/')[0]!) ? fromTidemark : context)
}

/**
 * A file of a connector is a module, though a lone folder has no package.json to say so: what translates TypeScript
 * would take it for CommonJS. Undefined where this is no such file.
 */
function ownFile(url: string): Pick<ResolveFnOutput, 'url' | 'format'> | undefined {
  if (!isOutside(url)) return undefined
  const candidates = [
    { url, format: url.endsWith('.ts') ? typeScript : 'module' },
    // TypeScript's older habit: what is imported as .js is written as .ts.
    { url: url.replace(/\.js$/, '.ts'), format: typeScript },
  ] as const
  return candidates.find((each) => /\.[jt]s$/.test(each.url) && existsSync(fileURLToPath(each.url)))
}

/** A format of node 22.18 and later, and of tsx on any; the types of node 20 do not know it. */
const typeScript = 'module-typescript' as 'module'

/** In a connector's folder, and not in a package that it brought along. */
function isOutside(url: string): boolean {
  const folder = modules.folders.find((each) => url.startsWith(each))
  return folder !== undefined && !url.slice(folder.length).includes('node_modules/')
}
