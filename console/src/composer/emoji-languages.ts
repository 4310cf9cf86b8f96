/** The languages in which the build has the names of emojis. */
export const EMOJI_LANGUAGES = ["en", "de"] as const;
