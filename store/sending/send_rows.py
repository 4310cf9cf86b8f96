"""All that one attempt to send needs of the store, in one statement."""

from dataclasses import dataclass

from sqlalchemy import bindparam, select
from sqlalchemy.orm import defer
from sqlmodel import Session, col

from store.tables import Account, Customer, Message, Page, PageSendState, Thread

_ROWS = (
    select(Message, Thread, Customer, Page, Account, PageSendState)
    .join(Thread, col(Thread.customer_id) == col(Message.customer_id))
    .join(Customer, col(Customer.id) == col(Message.customer_id))
    .join(Page, col(Page.page_id) == col(Message.page_id))
    .join(Account, col(Account.id) == col(Page.account_id))
    .join(PageSendState, col(PageSendState.page_id) == col(Message.page_id))
    .where(col(Message.id) == bindparam("id"))
    .options(defer(Thread.state))  # type: ignore[arg-type]  # SQLModel types columns as values
    .with_for_update(of=(Message, PageSendState), key_share=True)
)


@dataclass(frozen=True, slots=True)
class SendRows:
    """The message with its thread, customer, page and account, and how the page's sending stands."""

    message: Message
    thread: Thread
    customer: Customer
    page: Page
    account: Account
    send_state: PageSendState


def rows_for(session: Session, message_id: str) -> SendRows | None:
    """The rows of one message; its own is locked, and its page's send state."""
    found = session.execute(_ROWS, {"id": message_id}).first()
    return None if found is None else SendRows(*found)
