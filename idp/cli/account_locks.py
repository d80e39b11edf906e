"""`idp accounts lock` and `unlock`: placed and lifted by command, by two officers."""

import click

from idp import clock
from idp.accounts.contacts import read_contacts
from idp.accounts.lifecycle import LOCK_ASKERS, LOCK_GROUNDS
from idp.approvals import accounts as locking
from idp.cli import two_persons
from idp.cli.account_input import find_account
from idp.cli.context import CliContext, pass_cli
from idp.factors import notices
from idp.locks import placing

_MAX_BY = 64
ground_option = click.option("--ground", type=click.Choice(LOCK_GROUNDS), required=True)
asker_option = click.option("--asker", type=click.Choice(LOCK_ASKERS), required=True)
by_option = click.option(
    "--by", required=True, help="Who does it: a staff number or a login, kept for good."
)


@click.command()
@click.argument("account")
@ground_option
@asker_option
@by_option
@two_persons.options
@pass_cli
def lock(  # noqa: PLR0913, PLR0917 - as many options
    cli: CliContext,
    account: str,
    ground: str,
    asker: str,
    by: str,
    reason: str,
    *,
    break_glass: bool,
) -> None:
    """Keep an account from being used, on a ground, at someone's asking; warn it."""
    account_id, provider, now = find_account(cli, account), cli.provider, clock.now()
    act = locking.LOCK
    named = str(account_id)
    if two_persons.only_proposes(cli, act, named, reason, break_glass=break_glass):
        asked = {"ground": ground, "asker": asker, "account_id": str(account_id)}
        two_persons.propose(cli, act, asked, f"{by[:_MAX_BY]}: {reason}")
        return
    with provider.database.transaction() as session:
        known = read_contacts(session, provider.sealer, account_id)
        placing.lock(
            provider,
            session,
            account_id,
            ground=ground,
            asker=asker,
            by=by[:_MAX_BY],
            now=now,
        )
    what = placing.told_of_lock(ground)
    if what:
        notices.warn(provider, known, what, now)
    provider.courier.wait()
    click.echo("Locked.")


@click.command()
@click.argument("account")
@ground_option
@asker_option
@by_option
@two_persons.options
@pass_cli
def unlock(  # noqa: PLR0913, PLR0917 - as many options
    cli: CliContext,
    account: str,
    ground: str,
    asker: str,
    by: str,
    reason: str,
    *,
    break_glass: bool,
) -> None:
    """Lift the lock of one ground and say so; other locks keep holding."""
    account_id, provider, now = find_account(cli, account), cli.provider, clock.now()
    act = locking.UNLOCK
    named = str(account_id)
    if two_persons.only_proposes(cli, act, named, reason, break_glass=break_glass):
        asked = {"ground": ground, "asker": asker, "account_id": str(account_id)}
        two_persons.propose(cli, act, asked, f"{by[:_MAX_BY]}: {reason}")
        return
    with provider.database.transaction() as session:
        known = read_contacts(session, provider.sealer, account_id)
        others = placing.unlock(
            provider,
            session,
            account_id,
            ground=ground,
            asker=asker,
            by=by[:_MAX_BY],
            now=now,
        )
    what = placing.told(others)
    if what:
        notices.warn(provider, known, what, now)
    provider.courier.wait()
    click.echo(f"Lifted; still locked: {', '.join(others)}" if others else "Unlocked.")
