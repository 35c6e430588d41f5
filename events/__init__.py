"""Activities held by organisers: review, publication, sign-up, fees, ratings.

The room stands from the first day; its tables come with its first feature.
"""
