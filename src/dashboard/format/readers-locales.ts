/** Said here, for what builds on this runs where there is no browser, too, with locales of its own. */
declare const navigator: { readonly languages: readonly string[] }

/** The reader's languages, best first. */
export function readersLocales(): readonly string[] {
  return navigator.languages
}
