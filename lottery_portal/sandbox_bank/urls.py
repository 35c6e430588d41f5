"""Addresses of the bank."""

from django.urls import URLPattern, path

from . import views

app_name = "sandbox_bank"

urlpatterns: list[URLPattern] = [
    path("bank/orders/", views.orders, name="orders"),
    path("bank/orders/<str:order_code>/", views.order, name="order"),
    path("bank/orders/<str:order_code>/close/", views.close, name="close"),
    path("bank/payouts/", views.payouts, name="payouts"),
    path("bank/payouts/<str:order_code>/", views.payout, name="payout"),
    path("bank/refunds/", views.refunds, name="refunds"),
    path("bank/refunds/<str:order_code>/", views.refund, name="refund"),
    path("bank/accounts/check/", views.account, name="account"),
    path("bank/pay/<str:trade>/", views.pay, name="pay"),
]
