"""The room in JSON: the wallet, deposits, withdrawals. Amounts are whole fen."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import islice
from typing import Any

from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import get_language
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_serializer
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import legal_texts, login, step_up, who
from lottery_portal.lib import dates

from . import (
    bank_accounts,
    bank_checks,
    channels,
    debts,
    deposits,
    flows,
    ledger,
    memos,
    wallets,
    withdrawals,
)
from .models import Deposit, Withdrawal

MOST_LINES = 500
Data = dict[str, Any]


class WalletShape(serializers.Serializer[Data]):
    """What lies in the wallet, by purse."""

    balance_fen = serializers.IntegerField(help_text="All purses together.")
    deposited_fen = serializers.IntegerField(help_text="What was brought in.")
    winnings_fen = serializers.IntegerField()
    bonus_fen = serializers.IntegerField(help_text="To play with; cannot be withdrawn.")
    withdrawable_fen = serializers.IntegerField()
    held_fen = serializers.IntegerField(help_text="On its way to the bank; cannot be spent.")
    planned_fen = serializers.IntegerField(help_text="Set aside for plans; free when they end.")
    owed_fen = serializers.IntegerField(help_text="Owed after a chargeback; to be paid first.")


class FlowsShape(serializers.Serializer[Data]):
    """What a period brought and took."""

    since = serializers.DateField()
    until = serializers.DateField(help_text="The last day, included.")
    deposited_fen = serializers.IntegerField()
    returned_fen = serializers.IntegerField(help_text="Refunded to its source or charged back.")
    withdrawn_fen = serializers.IntegerField()
    net_deposit_fen = serializers.IntegerField()
    staked_fen = serializers.IntegerField(help_text="Less stakes that were returned.")
    won_fen = serializers.IntegerField(help_text="After tax.")
    result_fen = serializers.IntegerField(help_text="Won less staked; below zero it was lost.")
    other_fen = serializers.IntegerField(help_text="Bonus, fees of events, corrections.")


class LineShape(serializers.Serializer[Data]):
    """One movement."""

    id = serializers.IntegerField()
    at = serializers.DateTimeField()
    kind = serializers.CharField()
    reference = serializers.CharField()
    title = serializers.CharField()
    detail = serializers.CharField()
    purse = serializers.CharField(help_text="wallet (brought in), winnings or bonus")
    amount_fen = serializers.IntegerField()
    balance_fen = serializers.IntegerField()


class StatementShape(serializers.Serializer[Data]):
    """Movements, oldest first; `next_after` is there when more follow."""

    lines = LineShape(many=True)
    next_after = serializers.IntegerField(allow_null=True)


class DepositShape(serializers.Serializer[Data]):
    """A deposit and the page to pay it on."""

    code = serializers.CharField()
    state = serializers.CharField()
    amount_fen = serializers.IntegerField()
    fee_fen = serializers.IntegerField(help_text="What the player pays on top.")
    pay_url = serializers.CharField()


class ChannelShape(serializers.Serializer[Data]):
    """A way to pay: the fee is a share in hundredths of a percent, within its bounds (0: none)."""

    provider = serializers.CharField()
    title = serializers.CharField()
    fee_points = serializers.IntegerField()
    fee_least_fen = serializers.IntegerField()
    fee_most_fen = serializers.IntegerField()
    is_answering = serializers.BooleanField()


class DisclosureShape(serializers.Serializer[Data]):
    """How money is protected, to be acknowledged before the first deposit."""

    version = serializers.IntegerField()
    title = serializers.CharField()
    body = serializers.CharField()
    is_acknowledged = serializers.BooleanField()


class WithdrawalShape(serializers.Serializer[Data]):
    """A withdrawal and where it stands."""

    code = serializers.CharField()
    state = serializers.CharField()
    amount_fen = serializers.IntegerField()
    bank_account = serializers.CharField()
    reason = serializers.CharField()


class BankAccountShape(serializers.Serializer[Data]):
    """A bank account, masked."""

    code = serializers.CharField()
    bank = serializers.CharField()
    is_confirmed = serializers.BooleanField(help_text="The bank says that it is the player's.")


class WalletView(APIView):
    """Balance."""

    @extend_schema(responses={200: WalletShape})
    def get(self, request: Request) -> Response:
        """What may be spent, and what is held."""
        player = who.player(request.user)
        purses = wallets.purses(player)
        return Response(
            {
                "balance_fen": purses.available_fen,
                "deposited_fen": purses.deposited_fen,
                "winnings_fen": purses.winnings_fen,
                "bonus_fen": purses.bonus_fen,
                "withdrawable_fen": purses.withdrawable_fen,
                "held_fen": wallets.held(player),
                "planned_fen": wallets.planned(player),
                "owed_fen": debts.owed(player),
            }
        )


class FlowsView(APIView):
    """What a period brought."""

    @extend_schema_serializer(component_name="FlowsInput")
    class Input(serializers.Serializer[Data]):
        """Shanghai days, both included; without them the last 30 days."""

        since = serializers.DateField(required=False, validators=list(dates.ASKED))
        until = serializers.DateField(required=False, validators=list(dates.ASKED))

    @extend_schema(
        responses={200: FlowsShape},
        parameters=[OpenApiParameter("since", date), OpenApiParameter("until", date)],
    )
    def get(self, request: Request) -> Response:
        """Net deposit, and what was won or lost, of the days chosen (F139)."""
        asked = self.Input(data=request.query_params)
        asked.is_valid(raise_exception=True)
        last = asked.validated_data.get("until") or dates.in_shanghai(timezone.now()).date()
        first = asked.validated_data.get("since") or last - timedelta(days=30)
        first = min(first, last)
        found = flows.between(who.player(request.user), since=first, until=last + timedelta(days=1))
        names = [name for name in map(str, FlowsShape().get_fields()) if name.endswith("_fen")]
        return Response(
            {"since": first, "until": last, **{name: getattr(found, name) for name in names}}
        )


class StatementView(APIView):
    """Movements."""

    @extend_schema_serializer(component_name="StatementInput")
    class Input(serializers.Serializer[Data]):
        """Shanghai days, both included; without them the last 30 days."""

        since = serializers.DateField(required=False, validators=list(dates.ASKED))
        until = serializers.DateField(required=False, validators=list(dates.ASKED))
        after = serializers.IntegerField(required=False, min_value=0, default=0)

    @extend_schema(
        responses={200: StatementShape},
        parameters=[
            OpenApiParameter("since", date),
            OpenApiParameter("until", date),
            OpenApiParameter("after", int, description="id of the last line of the page before"),
        ],
    )
    def get(self, request: Request) -> Response:
        """The statement of the wallet, up to 500 lines at once."""
        asked = self.Input(data=request.query_params)
        asked.is_valid(raise_exception=True)
        last = asked.validated_data.get("until") or dates.in_shanghai(timezone.now()).date()
        first = asked.validated_data.get("since") or last - timedelta(days=30)
        codes = wallets.accounts_of(who.player(request.user))
        found = (
            line
            for line in ledger.statement(*codes, since=first, until=last + timedelta(days=1))
            if line.transfer_id > asked.validated_data["after"]
        )
        lines = list(islice(found, MOST_LINES + 1))
        more, lines = len(lines) > MOST_LINES, lines[:MOST_LINES]
        return Response(
            {
                "lines": [
                    {
                        "id": line.transfer_id,
                        "at": line.at,
                        "kind": line.kind,
                        "reference": line.reference,
                        "title": memo.title,
                        "detail": memo.detail,
                        "purse": line.account.partition(":")[0],
                        "amount_fen": line.amount_fen,
                        "balance_fen": line.balance_fen,
                    }
                    for line, memo in zip(lines, memos.describe(lines), strict=True)
                ],
                "next_after": lines[-1].transfer_id if more else None,
            }
        )


class DepositsView(APIView):
    """Deposits."""

    @extend_schema_serializer(component_name="DepositsInput")
    class Input(serializers.Serializer[Data]):
        """`request_id` is made by the caller; sent again it leads to the same deposit.

        `fee_fen` is the fee the player was shown (0 if absent); another one is refused.
        """

        amount_fen = serializers.IntegerField(min_value=1, max_value=2**53)
        provider = serializers.CharField(required=False, max_length=20)
        fee_fen = serializers.IntegerField(required=False, min_value=0, max_value=2**53)
        request_id = serializers.UUIDField()

    @extend_schema(request=Input, responses={201: DepositShape})
    def post(self, request: Request) -> Response:
        """Begin a deposit; the player pays on the page `pay_url`."""
        asked = self.Input(data=request.data)
        asked.is_valid(raise_exception=True)
        now = timezone.now()
        deposit = deposits.begin(
            player=who.player(request.user),
            amount=asked.validated_data["amount_fen"],
            provider=asked.validated_data.get("provider")
            or channels.usual(channels.Use.DEPOSIT, now=now),
            request_key=asked.validated_data["request_id"],
            now=now,
            fee=asked.validated_data.get("fee_fen", 0),
        )
        return Response(_deposit(deposit), status=status.HTTP_201_CREATED)


class ChannelsView(APIView):
    """Ways to pay."""

    @extend_schema(responses={200: ChannelShape(many=True)})
    def get(self, _request: Request) -> Response:
        """The ways to pay in force and what they cost, the one to offer first at the top."""
        found = channels.open_for(channels.Use.DEPOSIT, now=timezone.now())
        return Response(
            [
                {
                    "provider": one.code,
                    "title": one.title,
                    "fee_points": one.points,
                    "fee_least_fen": one.least_fen,
                    "fee_most_fen": one.most_fen,
                    "is_answering": not one.is_failing,
                }
                for one in found
            ]
        )


class DisclosureView(APIView):
    """How money is protected."""

    @extend_schema_serializer(component_name="DisclosureInput")
    class Input(serializers.Serializer[Data]):
        """The version that was read."""

        version = serializers.IntegerField(min_value=1, max_value=2**31 - 1)

    @extend_schema(responses={200: DisclosureShape})
    def get(self, request: Request) -> Response:
        """The text in force, and whether the player has acknowledged it."""
        return Response(_disclosure(request))

    @extend_schema(request=Input, responses={200: DisclosureShape})
    def post(self, request: Request) -> Response:
        """Acknowledge it; deposits begin only afterwards."""
        asked = self.Input(data=request.data)
        asked.is_valid(raise_exception=True)
        legal_texts.acknowledge(
            who.player(request.user).user,
            asked.validated_data["version"],
            now=timezone.now(),
            ip=login.client_ip(request._request),  # noqa: SLF001 - the address lies in Django's request
        )
        return Response(_disclosure(request))


class DepositView(APIView):
    """One deposit."""

    @extend_schema(responses={200: DepositShape})
    def get(self, request: Request, code: str) -> Response:
        """Where it stands."""
        return Response(_deposit(deposits.find(who.player(request.user), code)))


class WithdrawalsView(APIView):
    """Withdrawals."""

    @extend_schema_serializer(component_name="WithdrawalsInput")
    class Input(serializers.Serializer[Data]):
        """`request_id` is made by the caller; sent again it leads to the same withdrawal."""

        amount_fen = serializers.IntegerField(min_value=1, max_value=2**53)
        bank_account = serializers.CharField(max_length=20)
        request_id = serializers.UUIDField()

    @extend_schema(request=Input, responses={201: WithdrawalShape})
    def post(self, request: Request) -> Response:
        """Hold the amount and ask for its way out; needs a recent confirmation of the person."""
        step_up.check(request._request)  # noqa: SLF001 - the session lies in Django's request
        asked = self.Input(data=request.data)
        asked.is_valid(raise_exception=True)
        withdrawal = withdrawals.request(
            player=who.player(request.user),
            amount=asked.validated_data["amount_fen"],
            bank_account=asked.validated_data["bank_account"],
            request_key=asked.validated_data["request_id"],
            now=timezone.now(),
        )
        return Response(_withdrawal(withdrawal), status=status.HTTP_201_CREATED)


class WithdrawalView(APIView):
    """One withdrawal."""

    @extend_schema(responses={200: WithdrawalShape})
    def get(self, request: Request, code: str) -> Response:
        """Where it stands."""
        return Response(_withdrawal(withdrawals.find(code, player=who.player(request.user))))


class BankAccountsView(APIView):
    """Bank accounts."""

    @extend_schema(responses={200: BankAccountShape(many=True)})
    def get(self, request: Request) -> Response:
        """Where money may be withdrawn to, masked."""
        rows = bank_accounts.of(who.player(request.user))
        confirmed = {row.pk for row in bank_checks.confirmed(who.player(request.user))}
        return Response(
            [
                {
                    "code": row.code,
                    "bank": bank_accounts.shown(row),
                    "is_confirmed": row.pk in confirmed,
                }
                for row in rows
            ]
        )


def _disclosure(request: Request) -> Data:
    now, player = timezone.now(), who.player(request.user)
    text = legal_texts.read(legal_texts.FUNDS, language=get_language() or "", now=now)
    return {
        "version": text.version,
        "title": text.title,
        "body": text.body,
        "is_acknowledged": legal_texts.undisclosed(player.user, now) is None,
    }


def _deposit(deposit: Deposit) -> Data:
    return {
        "code": deposit.code,
        "state": deposit.state,
        "amount_fen": deposit.amount,
        "fee_fen": deposit.fee,
        "pay_url": deposit.pay_page,
    }


def _withdrawal(withdrawal: Withdrawal) -> Data:
    return {
        "code": withdrawal.code,
        "state": withdrawal.state,
        "amount_fen": withdrawal.amount,
        "bank_account": withdrawal.bank_account.code,
        "reason": withdrawal.reason,
    }


routes: list[URLPattern] = [
    path("wallet/", WalletView.as_view(), name="wallet"),
    path("wallet/statement/", StatementView.as_view(), name="statement"),
    path("wallet/flows/", FlowsView.as_view(), name="wallet_flows"),
    path("wallet/bank-accounts/", BankAccountsView.as_view(), name="bank_accounts"),
    path("deposit-channels/", ChannelsView.as_view(), name="deposit_channels"),
    path("fund-protection/", DisclosureView.as_view(), name="fund_protection"),
    path("deposits/", DepositsView.as_view(), name="deposits"),
    path("deposits/<str:code>/", DepositView.as_view(), name="deposit"),
    path("withdrawals/", WithdrawalsView.as_view(), name="withdrawals"),
    path("withdrawals/<str:code>/", WithdrawalView.as_view(), name="withdrawal"),
]
