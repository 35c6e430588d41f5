"""Complaints, enquiries, whistle-blower reports, compensation, surveys, education.

The room stands from the first day; its tables come with its first feature.
"""
