"""Tells people: of tasks that failed, and of what the marts say that somebody must act on.

Channels by AI_ALERT_CHANNELS, separated by commas (default: log):
  log      the task's log
  webhook  a JSON object {"text": …} to the URL of the connection ai_alerts_webhook (Slack, Teams …)
  email    to AI_ALERT_EMAILS, by the connection smtp_default
A channel that does not answer never fails a run: it is said in the log.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from airflow.sdk import BaseNotifier

from ai_ops.settings import Settings

log = logging.getLogger("ai_unit_economics.alerts")
WEBHOOK_CONNECTION = "ai_alerts_webhook"
SMTP_CONNECTION = "smtp_default"
TIMEOUT_SECONDS = 15


def by_log(subject: str, text: str) -> None:
    """One warning in the log."""
    log.warning("%s\n%s", subject, text)


def by_webhook(subject: str, text: str) -> None:
    """POST to the URL that the connection keeps; it is not logged."""
    from airflow.sdk import Connection

    connection = Connection.get(WEBHOOK_CONNECTION)
    url = connection.host or ""
    if not url.startswith(("http://", "https://")):
        raise ValueError(f"the host of connection {WEBHOOK_CONNECTION} is no http(s) URL")
    request = urllib.request.Request(
        url,
        data=json.dumps({"text": f"{subject}\n{text}"}).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:
        answer.read()


def by_email(subject: str, text: str) -> None:
    """One mail to all of AI_ALERT_EMAILS."""
    from airflow.providers.smtp.hooks.smtp import SmtpHook

    people = [word.strip() for word in os.environ.get("AI_ALERT_EMAILS", "").split(",") if word]
    if not people:
        raise ValueError("AI_ALERT_EMAILS names nobody")
    with SmtpHook(smtp_conn_id=SMTP_CONNECTION) as hook:
        hook.send_email_smtp(to=people, subject=subject, html_content=f"<pre>{text}</pre>")


CHANNELS: Mapping[str, Callable[[str, str], None]] = {
    "log": by_log,
    "webhook": by_webhook,
    "email": by_email,
}


def send(subject: str, text: str, channels: Sequence[str] | None = None) -> list[str]:
    """Send by every channel; returns those that took it. Problems are logged, not raised."""
    words = channels or (os.environ.get("AI_ALERT_CHANNELS") or "log").split(",")
    took = []
    for word in (w.strip() for w in words):
        if word not in CHANNELS:
            log.error("AI_ALERT_CHANNELS: %r is not one of %s", word, ", ".join(CHANNELS))
            continue
        try:
            CHANNELS[word](subject, text)
        except Exception as problem:
            # The kind alone: the text of an HTTP error may hold the secret URL.
            log.error("%s did not take the alert %r: %s", word, subject, type(problem).__name__)
        else:
            took.append(word)
    return took


class AlertNotifier(BaseNotifier):  # type: ignore[misc]
    """Tells of a task that failed for good, by the channels of AI_ALERT_CHANNELS."""

    def notify(self, context: Any) -> None:
        """Called by Airflow with the context of the task."""
        task = context["ti"]
        subject = f"AI unit economics: {task.dag_id}.{task.task_id} failed"
        when = context.get("data_interval_start")
        text = f"Run {context['run_id']}" + (f", interval from {when:%Y-%m-%d}" if when else "")
        problem = context.get("exception")
        if problem is not None:
            text += f"\n{str(problem)[:500]}"
        send(subject, text + "\nNothing was published: readers keep the marts of the run before.")


def tell_of_marts(settings: Settings) -> int:
    """Send each alert of scripts/mart_alerts.py once; returns how many were sent.

    Raises RuntimeError when the marts could not be read.
    """
    words = [str(settings.python), str(settings.project / "scripts" / "mart_alerts.py")]
    words += ["--target", settings.target, "--vars", settings.variables, "--json"]
    done = subprocess.run(
        words,
        cwd=settings.project,
        env={**os.environ, **settings.environment},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"mart_alerts.py could not read the marts:\n{done.stderr[-2000:]}")
    found = json.loads(done.stdout)
    # Those that were told stay told, as long as they are true.
    memory = settings.state / "alerts_sent.json"
    told = set(json.loads(memory.read_text(encoding="utf-8"))) if memory.exists() else set()
    new = [alert for alert in found if alert["key"] not in told]
    taken = True
    if new:
        text = "\n".join(f"- {alert['text']}" for alert in new)
        taken = bool(send(f"AI unit economics: {len(new)} to look at", text))
    if taken:
        memory.write_text(json.dumps(sorted(a["key"] for a in found)), encoding="utf-8")
    log.info("%d alerts, %d of them new", len(found), len(new))
    return len(new)
