"""People of the operation at work: each signs in as somebody, opens the pages of that role,
and reads for five seconds before the next.

Run by bench/load.sh. PENDEEN_ACCOUNTS names the demo's accounts.json, PENDEEN_PAUSE the seconds
between two pages (0: as fast as answers come).
"""

import json
import os
import random
import re

from locust import HttpUser, constant, task

with open(os.environ["PENDEEN_ACCOUNTS"], encoding="utf-8") as file:
    ACCOUNTS = json.load(file)
PAUSE = float(os.environ.get("PENDEEN_PAUSE", "5"))

LIST = re.compile(r'href="(/(?:records/[a-z_]+|children|figures|operation|inbox|approvals|calendar|audit))"')
RECORD = re.compile(r'href="(/records/[a-z_]+/[0-9a-f-]{36})"')
WORDS = ["harbour", "quill", "ABC/1", "07700 900123", "PL1", "birch", "samsung", "jonathon"]


class Person(HttpUser):
    wait_time = constant(PAUSE)

    def on_start(self):
        self.dice = random.Random(id(self))
        one = self.dice.choice(ACCOUNTS)
        form = {"username": one["username"], "password": one["password"], "next": "/"}
        self.client.post("/sign-in", data=form, name="sign in")
        self.lists, self.records = ["/"], []

    def open(self, address, name):
        with self.client.get(address, name=name, catch_response=True) as answer:
            if answer.status_code not in (200, 404):
                answer.failure(f"status {answer.status_code}")
                return
            answer.success()
            self.lists = LIST.findall(answer.text) or self.lists
            self.records = RECORD.findall(answer.text) or self.records

    @task(3)
    def my_work(self):
        self.open("/", "my work")

    @task(3)
    def some_list(self):
        address = self.dice.choice(self.lists)
        self.open(address, "list " + address)

    @task(6)
    def some_record(self):
        if self.records:
            address = self.dice.choice(self.records)
            self.open(address, "record " + address.split("/")[2])

    @task(1)
    def search(self):
        self.open("/search?q=" + self.dice.choice(WORDS), "search")
