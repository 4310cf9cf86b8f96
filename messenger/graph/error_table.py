"""The Graph API's error codes, row by row: what each means and what to do about it.

Source: docs/reference/messenger-send-and-errors.md. A row is found by code and subcode; without a row of its
own a subcode means what its code means.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class ErrorKind(StrEnum):
    """What kind of trouble it is. The values are part of the API: `reason` of a failed message."""

    RETRY = "retry_later"
    """Refused now; the same send may work later."""
    THROTTLED = "rate_limited"
    """Too many calls. Wait as long as Meta says; calls made meanwhile count too."""
    AUTH = "token_invalid"
    """The Page's token is invalid. Stop the Page and alert."""
    CONFIG = "not_permitted"
    """The app or the token lacks something that an administrator must add."""
    MESSAGE = "message_rejected"
    """This message can never be sent like this."""
    WINDOW = "outside_window"
    """To Meta the messaging window is closed."""
    UNREACHABLE = "customer_unreachable"
    """The person blocked the Page, left, or cannot receive messages."""
    POLICY = "policy_block"
    """Meta restricts the Page. Pause it and alert."""
    THREAD_CONTROL = "other_app_in_control"
    """Another app or the Page inbox has the thread."""
    UNKNOWN_OUTCOME = "unknown_outcome"
    """It may have been sent. Never repeat blindly."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """One row of the table: `explanation` says what happened, `remedy` what to do."""

    kind: ErrorKind
    explanation: str
    remedy: str


_WAIT = "Nothing to do: sending goes on when Meta allows it again."
_NEW_TOKEN = "Save a new access token for the page."  # noqa: S105  # a remedy, no secret
_PERMISSION = "Check the app's permissions and App Review, then save a new access token for the page."
_OUR_BUG = "Report it: the message was built wrongly."
_MAY_BE_SENT = "Look for the message in the Page inbox before sending it again."

MEANINGS: Mapping[tuple[int, int | None], Meaning] = {
    (1, None): Meaning(ErrorKind.UNKNOWN_OUTCOME, "Meta reports an unknown error.", _MAY_BE_SENT),
    (1, 99): Meaning(ErrorKind.UNKNOWN_OUTCOME, "Meta reports an unknown error.", _MAY_BE_SENT),
    (1, 1357046): Meaning(
        ErrorKind.UNKNOWN_OUTCOME,
        "Meta could not read its own answer; the messages were sent all the same.",
        _MAY_BE_SENT,
    ),
    (1, 2018382): Meaning(ErrorKind.MESSAGE, "The instant form does not exist.", "Choose another form."),
    (2, None): Meaning(
        ErrorKind.UNKNOWN_OUTCOME, "The service is down, or the person blocked the Page.", _MAY_BE_SENT
    ),
    (2, 2018344): Meaning(
        ErrorKind.CONFIG,
        "The Page has not accepted Meta's contact terms.",
        "Accept the contact terms in the Page's settings.",
    ),
    (3, None): Meaning(ErrorKind.CONFIG, "The app lacks a feature or permission for this.", _PERMISSION),
    (4, None): Meaning(ErrorKind.THROTTLED, "The app has reached its rate limit.", _WAIT),
    (4, 2018354): Meaning(ErrorKind.THROTTLED, "Marketing messages are sent too often.", _WAIT),
    (9, 2018352): Meaning(ErrorKind.THROTTLED, "Too many opt-in requests.", _WAIT),
    (10, None): Meaning(ErrorKind.CONFIG, "The app lacks a permission for this.", _PERMISSION),
    (10, 2018278): Meaning(
        ErrorKind.WINDOW,
        "Meta's messaging window for this person is closed.",
        "Wait until the customer writes.",
    ),
    (10, 2534022): Meaning(
        ErrorKind.WINDOW,
        "Meta's messaging window for this person is closed (Instagram).",
        "Wait until the customer writes.",
    ),
    (10, 2018065): Meaning(
        ErrorKind.WINDOW,
        "The window is closed; only news messages could go.",
        "Wait until the customer writes.",
    ),
    (10, 2018108): Meaning(
        ErrorKind.UNREACHABLE, "The person cannot receive messages now.", "Try another channel."
    ),
    (10, 1893063): Meaning(
        ErrorKind.POLICY,
        "Meta temporarily restricts the Page from sending.",
        "See the Page's quality and support pages at Meta.",
    ),
    (10, 1404170): Meaning(ErrorKind.MESSAGE, "Opt-in requests are restricted.", "Do not ask again now."),
    (10, 1893015): Meaning(ErrorKind.MESSAGE, "The person stopped messages on this topic.", "Respect it."),
    (10, 2018336): Meaning(
        ErrorKind.MESSAGE,
        "The thread is affected by regional rules.",
        "Leave out what the region does not allow.",
    ),
    (17, None): Meaning(ErrorKind.THROTTLED, "The user's rate limit is reached.", _WAIT),
    (32, None): Meaning(ErrorKind.THROTTLED, "The Page's rate limit is reached.", _WAIT),
    (341, None): Meaning(ErrorKind.THROTTLED, "The application's limit is reached.", _WAIT),
    (100, None): Meaning(
        ErrorKind.MESSAGE,
        "Meta refuses a parameter of the message.",
        _OUR_BUG,
    ),
    (100, 33): Meaning(
        ErrorKind.CONFIG,
        "The object does not exist or the token may not see it.",
        "Check that the page and its token belong together.",
    ),
    (100, 2018001): Meaning(
        ErrorKind.MESSAGE,
        "Meta knows no such person on this Page: gone, or known to another Page.",
        "Check that the page and its token belong together.",
    ),
    (100, 2018008): Meaning(
        ErrorKind.MESSAGE,
        "Meta could not fetch the file.",
        "Check that the file's address is public and fast, and send it again.",
    ),
    (100, 2018014): Meaning(ErrorKind.MESSAGE, "A message and a typing action in one call.", _OUR_BUG),
    (100, 2018047): Meaning(
        ErrorKind.MESSAGE, "The file is of another type than announced.", "Send it as a file."
    ),
    (100, 2018074): Meaning(
        ErrorKind.MESSAGE,
        "The uploaded file is unknown, not of this Page, or older than 90 days.",
        "Upload it again.",
    ),
    (100, 2018109): Meaning(
        ErrorKind.MESSAGE,
        "The file is too large.",
        "Send a smaller one: images up to 8 MB, others up to 25 MB.",
    ),
    (100, 2018294): Meaning(ErrorKind.MESSAGE, "The video took too long to fetch.", "Send a smaller one."),
    (100, 2018164): Meaning(ErrorKind.MESSAGE, "The app id is wrong.", "Check the app id of the account."),
    (100, 2018320): Meaning(ErrorKind.MESSAGE, "The product template is wrong.", "Check the products."),
    (100, 2018328): Meaning(ErrorKind.MESSAGE, "The product template is wrong.", "Check the products."),
    (100, 2018247): Meaning(
        ErrorKind.CONFIG,
        "The app may not read this person's profile.",
        "Ask Meta for Business Asset User Profile Access.",
    ),
    (2018247, None): Meaning(
        ErrorKind.CONFIG,
        "The app may not read this person's profile.",
        "Ask Meta for Business Asset User Profile Access.",
    ),
    (100, 2534013): Meaning(
        ErrorKind.CONFIG, "The Instagram account is not linked.", "Link the Instagram account to the Page."
    ),
    (100, 2534014): Meaning(
        ErrorKind.MESSAGE, "There is no such person (Instagram).", "Check the recipient."
    ),
    (100, 2534015): Meaning(ErrorKind.MESSAGE, "The data of the message is wrong (Instagram).", _OUR_BUG),
    (100, 2534025): Meaning(
        ErrorKind.MESSAGE, "The comment does not exist (Instagram).", "Check the comment."
    ),
    (100, 2534029): Meaning(
        ErrorKind.POLICY,
        "The account is blocked from sending (Instagram).",
        "See the account's status at Meta.",
    ),
    (100, 2534037): Meaning(
        ErrorKind.THREAD_CONTROL, "Another app has the thread (Instagram).", "Take over the thread."
    ),
    (100, 1893060): Meaning(ErrorKind.UNREACHABLE, "The person is not available.", "Try another channel."),
    (102, None): Meaning(ErrorKind.AUTH, "The API session has ended.", _NEW_TOKEN),
    (190, None): Meaning(ErrorKind.AUTH, "The page's access token is not valid.", _NEW_TOKEN),
    (190, 458): Meaning(ErrorKind.AUTH, "The app was removed by the person who gave the token.", _NEW_TOKEN),
    (190, 459): Meaning(
        ErrorKind.AUTH,
        "The person who gave the token must pass a check on facebook.com.",
        "Let that person log in at facebook.com, then save a new access token.",
    ),
    (190, 460): Meaning(
        ErrorKind.AUTH, "The password was changed or the session reset; the token died with it.", _NEW_TOKEN
    ),
    (190, 463): Meaning(ErrorKind.AUTH, "The page's access token has expired.", _NEW_TOKEN),
    (190, 464): Meaning(
        ErrorKind.AUTH,
        "The person who gave the token is not confirmed.",
        "Let that person confirm the account, then save a new access token.",
    ),
    (190, 467): Meaning(
        ErrorKind.AUTH, "The page's access token is invalid: the person logged out.", _NEW_TOKEN
    ),
    (190, 492): Meaning(
        ErrorKind.AUTH,
        "The person who gave the token has lost the role on the Page.",
        "Save a token of somebody with the messaging task.",
    ),
    (200, None): Meaning(
        ErrorKind.CONFIG,
        "The app may only message people with a role on it.",
        "Take the app live and through App Review for pages_messaging.",
    ),
    (200, 1545041): Meaning(
        ErrorKind.UNREACHABLE,
        "The person is not available: blocked the Page, or left.",
        "Try another channel.",
    ),
    (200, 2018021): Meaning(ErrorKind.CONFIG, "Matching by phone number needs a fee.", _PERMISSION),
    (200, 2018027): Meaning(ErrorKind.CONFIG, "Matching by phone number needs a permission.", _PERMISSION),
    (200, 2018028): Meaning(
        ErrorKind.CONFIG,
        "pages_messaging is not approved for the app.",
        "Take the app live and through App Review for pages_messaging.",
    ),
    (230, None): Meaning(ErrorKind.CONFIG, "A permission is required.", _PERMISSION),
    (368, None): Meaning(
        ErrorKind.POLICY,
        "Meta has temporarily blocked the Page for a policy violation.",
        "See the Page's support inbox at Meta; it can last hours.",
    ),
    (506, None): Meaning(ErrorKind.MESSAGE, "The same was posted before.", "Change the text."),
    (1609005, None): Meaning(ErrorKind.MESSAGE, "Meta could not read the link.", "Check the link."),
    (551, None): Meaning(
        ErrorKind.UNREACHABLE,
        "The person blocked or muted the Page, left, or turned messages off.",
        "Try another channel.",
    ),
    (551, 1545041): Meaning(
        ErrorKind.UNREACHABLE, "The person is not available now.", "Try another channel."
    ),
    (613, None): Meaning(ErrorKind.THROTTLED, "Too many calls of this kind.", _WAIT),
    (613, 1996): Meaning(ErrorKind.THROTTLED, "Meta sees an unusual volume.", _WAIT),
    (613, 2534040): Meaning(ErrorKind.THROTTLED, "Too many calls (Instagram).", _WAIT),
    (613, 1893016): Meaning(ErrorKind.THROTTLED, "Opt-in was asked for repeatedly.", _WAIT),
    (613, 2018338): Meaning(
        ErrorKind.POLICY,
        "Meta warns that message tags are abused.",
        "Stop tagged messages and see the Page's support inbox at Meta.",
    ),
    (803, None): Meaning(ErrorKind.MESSAGE, "The object does not exist.", "Check the id."),
    (1200, None): Meaning(ErrorKind.UNKNOWN_OUTCOME, "Sending failed for the moment.", _MAY_BE_SENT),
    (2022, None): Meaning(
        ErrorKind.POLICY,
        "Commerce messages are disabled after a violation.",
        "See the Page's support inbox at Meta.",
    ),
    (10303, None): Meaning(
        ErrorKind.MESSAGE, "The account linking token is wrong.", "Start the linking again."
    ),
    (2200, None): Meaning(
        ErrorKind.CONFIG,
        "Meta could not verify the callback address.",
        "Check that the internet reaches PAGEDESK_PUBLIC_URL by https, with a certificate browsers trust.",
    ),
    (2018218, None): Meaning(
        ErrorKind.MESSAGE,
        "The person has no profile: an account by phone number.",
        "Nothing to do: the customer keeps a name of ours.",
    ),
    (2018300, None): Meaning(
        ErrorKind.THREAD_CONTROL,
        "Another app controls the thread.",
        "Take the thread over in the Page's conversation routing.",
    ),
    (2018321, None): Meaning(
        ErrorKind.RETRY, "The person is in an automated flow of another app.", "Try again later."
    ),
    (2018171, None): Meaning(
        ErrorKind.THREAD_CONTROL,
        "The app is not the thread's receiver.",
        "Check the apps in the Page's conversation routing.",
    ),
    (2018234, None): Meaning(
        ErrorKind.THREAD_CONTROL,
        "The app is not the thread's receiver.",
        "Check the apps in the Page's conversation routing.",
    ),
    (9000001, None): Meaning(ErrorKind.MESSAGE, "The message was deleted.", "Nothing to do."),
    (80001, None): Meaning(ErrorKind.THROTTLED, "The Page's business limit is reached.", _WAIT),
    (80006, None): Meaning(ErrorKind.THROTTLED, "The business limit for Messenger is reached.", _WAIT),
    (80002, None): Meaning(ErrorKind.THROTTLED, "The business limit for Instagram is reached.", _WAIT),
}

SET_UP_MEANINGS: Mapping[tuple[int, int | None], Meaning] = {
    (100, None): Meaning(
        ErrorKind.MESSAGE,
        "Meta refuses a parameter of the call.",
        "See Meta's own words and its status page.",
    ),
    (200, None): Meaning(
        ErrorKind.CONFIG,
        "Meta does not let the app subscribe to the page's events: the person behind the token lacks the "
        "page's task MODERATE, or the token a permission.",
        "Give the person the task, grant pages_manage_metadata and pages_messaging, and save a new token.",
    ),
}
"""What codes mean where a page is set up or checked, if that is another thing than for a message."""

TAG_REFUSED = Meaning(
    ErrorKind.CONFIG,
    "Meta refuses the human agent tag to the app.",
    "Ask for the Human Agent feature in App Review, or switch the tag off for the page.",
)
"""What code 100 without a subcode means for a plain text under the tag; Meta documents no code of its own."""
