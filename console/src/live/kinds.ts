/** After these what one has to do is another. */
export const CHANGES_WORK = /^(offer|agent\.presence|agent\.absent|agent\.back|slot|conversation|session|participant|consult)/;

/** After these one may serve another queue, which the stream does not tell with the directory's rows. */
export const CHANGES_DIRECTORY = /^queue\.member_/;

/** These are of all messages of a thread up to an instant, and name none. */
export const CHANGES_RECEIPTS = /^messages\./;

/** A note was written, changed or deleted; they name it without its words. */
export const CHANGES_NOTES = /^note\./;

/** After these a customer has another name, or another contact; they name the customer alone. */
export const CHANGES_CUSTOMER = /^customer\.(profile_changed|contact_)/;
