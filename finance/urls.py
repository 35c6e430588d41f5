"""Addresses of this room."""

from django.urls import URLPattern, path

from .views import (
    cases,
    checks,
    deposit,
    desk,
    funds,
    payments,
    providers,
    reconciliation,
    remittance,
    returns,
    solvency,
    wallet,
    withdraw,
)

app_name = "finance"

urlpatterns: list[URLPattern] = [
    path("wallet/", wallet.wallet, name="wallet"),
    path("wallet/statement.csv", wallet.statement_file, name="statement_file"),
    path("wallet/debt/", wallet.pay_debt, name="debt_pay"),
    path("wallet/deposit/", deposit.deposit, name="deposit"),
    path("wallet/protection/", funds.funds, name="funds"),
    path("wallet/deposits/<str:code>/", deposit.deposit_state, name="deposit_state"),
    path("wallet/withdraw/", withdraw.withdraw, name="withdraw"),
    path("wallet/withdrawals/<str:code>/", withdraw.withdrawal, name="withdrawal"),
    path("wallet/bank-accounts/", withdraw.accounts, name="bank_accounts"),
    path(
        "wallet/bank-accounts/<str:code>/remove/",
        withdraw.remove_account,
        name="bank_account_remove",
    ),
    path("wallet/callbacks/<str:provider>/", deposit.callback, name="callback"),
    path("desk/withdrawals/", desk.desk_withdrawals, name="desk_withdrawals"),
    path("desk/withdrawals/<str:code>/", desk.desk_withdrawal, name="desk_withdrawal"),
    path("desk/deposits/", desk.desk_deposits, name="desk_deposits"),
    path("desk/deposits/<str:code>/check/", desk.desk_deposit_check, name="desk_deposit_check"),
    path("desk/institutions/", providers.desk_providers, name="desk_providers"),
    path("desk/institutions/<str:code>/", providers.desk_provider, name="desk_provider"),
    path(
        "desk/institutions/<str:code>/off/", providers.desk_provider_off, name="desk_provider_off"
    ),
    path("desk/returns/", returns.desk_returns, name="desk_returns"),
    path("desk/returns/new/", returns.desk_return_new, name="desk_return_new"),
    path("desk/returns/<str:code>/", returns.desk_return_plan, name="desk_return_plan"),
    path("desk/cases/", cases.desk_cases, name="desk_cases"),
    path("desk/cases/<str:code>/", cases.desk_case, name="desk_case"),
    path("desk/ledger/", desk.desk_ledger, name="desk_ledger"),
    path("desk/remittances/", remittance.desk_remittances, name="desk_remittances"),
    path(
        "desk/remittances/<str:account>/pay/",
        remittance.desk_payment_new,
        name="desk_payment_new",
    ),
    path(
        "desk/remittances/<str:account>/draw/",
        remittance.desk_drawing_new,
        name="desk_drawing_new",
    ),
    path("desk/payments/", payments.desk_payments, name="desk_payments"),
    path("desk/payments/<str:code>/", payments.desk_payment, name="desk_payment"),
    path("desk/receipts/<str:digest>/", payments.desk_receipt, name="desk_receipt"),
    path("desk/payees/", remittance.desk_payees, name="desk_payees"),
    path("desk/payees/new/", remittance.desk_payee_new, name="desk_payee_new"),
    path("desk/payees/<str:code>/retire/", remittance.desk_payee_retire, name="desk_payee_retire"),
    path("desk/statements/", reconciliation.desk_statements, name="desk_statements"),
    path("desk/statements/take/", reconciliation.desk_statement_take, name="desk_statement_take"),
    path(
        "desk/statements/match/", reconciliation.desk_statement_match, name="desk_statement_match"
    ),
    path("desk/statements/<str:code>/", reconciliation.desk_statement, name="desk_statement"),
    path("desk/differences/", reconciliation.desk_differences, name="desk_differences"),
    path("desk/differences/<str:code>/", reconciliation.desk_difference, name="desk_difference"),
    path("desk/proof-of-funds/", reconciliation.desk_proof, name="desk_proof"),
    path("desk/proof-of-funds/take/", reconciliation.desk_proof_take, name="desk_proof_take"),
    path("desk/house-banks/", reconciliation.desk_house_banks, name="desk_house_banks"),
    path("desk/house-banks/new/", reconciliation.desk_house_bank_new, name="desk_house_bank_new"),
    path(
        "desk/listed-payees/new/",
        reconciliation.desk_listed_payee_new,
        name="desk_listed_payee_new",
    ),
    path(
        "desk/listed-payees/<str:code>/remove/",
        reconciliation.desk_listed_payee_remove,
        name="desk_listed_payee_remove",
    ),
    path("desk/checks/", checks.desk_checks, name="desk_checks"),
    path("desk/checks/now/", checks.desk_check_now, name="desk_check_now"),
    path("desk/payouts/stop/", checks.desk_payouts_stop, name="desk_payouts_stop"),
    path("desk/payouts/<str:code>/lift/", checks.desk_payouts_lift, name="desk_payouts_lift"),
    path("solvency/", solvency.solvency, name="solvency"),
    path("solvency/<str:night>.json", solvency.solvency_statement, name="solvency_statement"),
    path("wallet/solvency/", solvency.my_solvency, name="my_solvency"),
    path("wallet/solvency/proof.json", solvency.my_solvency_file, name="my_solvency_file"),
    path("wallet/solvency/proof.html", solvency.my_solvency_page, name="my_solvency_page"),
]
