"""Notification by e-mail. [CC613 4]"""
