import type { MessageDescriptor } from "@lingui/core";
import { msg } from "@lingui/core/macro";

/** What is wrong with a page and what to do, in the reader's language; a code that is not here shows the API's words. */
export const PAGE_PROBLEMS: Record<string, { what: MessageDescriptor; remedy: MessageDescriptor }> = {
  token_invalid: {
    what: msg`Meta does not accept the page's access token.`,
    remedy: msg`Make a new access token for this page in the Facebook app and save it here.`,
  },
  token_of_another_app: {
    what: msg`The access token was made by another Facebook app.`,
    remedy: msg`Make the access token in the app whose application ID this account has, and save it here.`,
  },
  token_of_another_page: {
    what: msg`The access token belongs to another page.`,
    remedy: msg`Choose the right page when you make the access token, and save it here. Or correct the page ID.`,
  },
  permission_missing: {
    what: msg`The access token lacks a permission that Pagedesk needs: pages_messaging or pages_manage_metadata.`,
    remedy: msg`Grant both permissions in the Facebook app, make a new access token and save it here.`,
  },
  app_secret_invalid: {
    what: msg`Meta does not accept the application ID and the application secret of this account.`,
    remedy: msg`Copy the app secret from Settings, Basic of the Facebook app, and save it with the account.`,
  },
  secrets_unreadable: {
    what: msg`The stored access token or app secret cannot be decrypted.`,
    remedy: msg`Give Pagedesk its former master key. If it is lost, save app secret and access token anew.`,
  },
  policy_block: {
    what: msg`Meta does not let the page send messages, because it broke Meta's policies.`,
    remedy: msg`See the page's quality and support inbox at Meta, and appeal there. Pagedesk sends again when Meta lifts the block.`,
  },
  not_permitted: {
    what: msg`Meta does not let the app manage the page.`,
    remedy: msg`The person behind the token needs the page's tasks Messages and Community activity, and the app its permissions. Then save a new access token.`,
  },
  callback_not_verified: {
    what: msg`Meta could not verify the callback.`,
    remedy: msg`The callback URL must be reachable from the internet, by https, with a certificate that browsers trust. Then check again.`,
  },
  meta_refuses: {
    what: msg`The Graph API refused to check the page.`,
    remedy: msg`Nothing: Pagedesk tries again by itself.`,
  },
  meta_unreachable: {
    what: msg`The Graph API does not answer.`,
    remedy: msg`Pagedesk tries again. If this lasts, check the network.`,
  },
  temporal_unavailable: {
    what: msg`The desk's engine did not answer, so the page has not been checked yet.`,
    remedy: msg`Nothing: the page is checked when the engine answers again.`,
  },
  token_refresh_due: {
    what: msg`The page's authorisation must be renewed every 60 days, and that is due.`,
    remedy: msg`Make a new access token and save it here in time; sending is not interrupted.`,
  },
  development_mode: {
    what: msg`Meta lets the app message only people with a role on it: it is in development mode, or pages_messaging is not approved.`,
    remedy: msg`Take the app live and through App Review for pages_messaging. Until then give testers a role on the app, which they must accept.`,
  },
  standby_only: {
    what: msg`Messages arrive in standby only: another app is the page's default app.`,
    remedy: msg`In the page's settings, Advanced messaging, Conversation routing, make this app the default app. Then write a test message.`,
  },
  human_agent_not_granted: {
    what: msg`The message tag is switched on for the page, but Meta refuses it to the app.`,
    remedy: msg`Request the Human Agent feature in App Review, or switch the tag off here.`,
  },
  sends_not_permitted: {
    what: msg`Meta refused a message because the app lacks a permission or feature.`,
    remedy: msg`Look up Meta's error code, and check the app's permissions and App Review.`,
  },
  policy_warning: {
    what: msg`Meta warns that the page breaks its policies; a block may follow.`,
    remedy: msg`See the page's support inbox at Meta and change what it names.`,
  },
  silent: {
    what: msg`No message has come to the page for longer than is usual for it.`,
    remedy: msg`Write a test message. If it does not arrive, check the app's webhooks and the page's conversation routing.`,
  },
  unsubscribed: {
    what: msg`Meta had stopped delivering the page's messages. Those of that time are read once the page has no problem.`,
    remedy: msg`Solve the page's other problems, if there are any.`,
  },
  fields_refused: {
    what: msg`Meta does not deliver every webhook field that Pagedesk can use; those that a page needs are delivered.`,
    remedy: msg`Look up the fields in the app's webhook settings: some need a permission. Pagedesk asks again with each check.`,
  },
  restored: {
    what: msg`Pagedesk was restored from a backup and reads the newer messages from Meta before it sends anything.`,
    remedy: msg`Nothing: the page sends again in a few minutes.`,
  },
  gap_not_filled: {
    what: msg`The messages of the time in which Meta did not deliver cannot be read yet.`,
    remedy: msg`Grant pages_read_engagement to the app and save a new access token.`,
  },
  gap_incomplete: {
    what: msg`Of the messages of the time in which Meta did not deliver, Meta shows only the newest 20 of each thread.`,
    remedy: msg`Look in the Page inbox at the threads with many messages in that time.`,
  },
};
