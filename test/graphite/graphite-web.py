"""Answers requests to Debian's graphite-web in this process: a line of JSON in, a line of JSON out.

Usage: graphite-web.py WHISPER_DIR SCRATCH_DIR

{"path": "/render", "query": [["target", "a.b"], …]}  -> {"status": 200, "body": "…", "ms": 1.5}
{"times": ["-1h", …], "now": 0, "zone": "UTC"}        -> {"times": [0, …]}; null where it refuses
{"tag": ["a;b=c", …]}                                 -> {"tagged": 1}
"""

import io
import json
import logging
import os
import sys
import time
from datetime import datetime
from urllib.parse import urlencode

whisper_dir, scratch_dir = sys.argv[1:3]
answers = os.fdopen(os.dup(1), 'w')
sys.stdout = io.StringIO()
os.dup2(2, 1)

with open(os.path.join(scratch_dir, 'peer_settings.py'), 'w') as out:
    out.write('''
import os
scratch = %r
os.environ['GRAPHITE_STORAGE_DIR'] = scratch
from graphite.settings import *
STORAGE_DIR = scratch
LOG_DIR = scratch
WHISPER_DIR = %r
STANDARD_DIRS = [WHISPER_DIR]
DATA_DIRS = [WHISPER_DIR]
STORAGE_FINDERS = ('graphite.finders.standard.StandardFinder',)
INDEX_FILE = os.path.join(scratch, 'index')
CARBONLINK_HOSTS = []
CLUSTER_SERVERS = []
MEMCACHE_HOSTS = []
CACHES = {'default': {'BACKEND': 'django.core.cache.backends.dummy.DummyCache'}}
DEFAULT_CACHE_POLICY = []
FIND_CACHE_DURATION = 0
FIND_TOLERANCE = 2
DATABASES = {'default': {'ENGINE': 'django.db.backends.sqlite3', 'NAME': ':memory:'}}
SECRET_KEY = 'only for a test'
ALLOWED_HOSTS = ['*']
TIME_ZONE = 'UTC'
LOG_FILE_INFO = LOG_FILE_EXCEPTION = LOG_FILE_CACHE = LOG_FILE_RENDERING = '-'
USE_WORKER_POOL = False
DEBUG = False
''' % (scratch_dir, whisper_dir))

sys.path.insert(0, scratch_dir)
os.environ['DJANGO_SETTINGS_MODULE'] = 'peer_settings'
import django  # noqa: E402

django.setup()
logging.disable(logging.CRITICAL)
from django.test import RequestFactory  # noqa: E402
from django.urls import resolve  # noqa: E402
from graphite.render.attime import parseATTime  # noqa: E402
import pytz  # noqa: E402

factory = RequestFactory()


def ask(path, query):
    request = factory.get(path + '?' + urlencode([tuple(pair) for pair in query]))
    view = resolve(path)
    began = time.perf_counter()
    try:
        reply = view.func(request, *view.args, **view.kwargs)
        body = reply.content
        status = reply.status_code
    except Exception as error:
        status = 500
        body = ('%s: %s' % (type(error).__name__, error)).encode()
    took = (time.perf_counter() - began) * 1000
    return {'status': status, 'body': body.decode('utf-8', 'replace'), 'ms': took}


def read_time(text, now, zone):
    try:
        return int(parseATTime(text, pytz.timezone(zone), datetime.fromtimestamp(now, pytz.timezone(zone))).timestamp())
    except Exception:
        return None


def tag(names):
    from django.core.management import call_command
    from graphite.storage import STORE
    call_command('migrate', run_syncdb=True, verbosity=0)
    for name in names:
        STORE.tagdb.tag_series(name)
    return {'tagged': len(names)}


for line in sys.stdin:
    wish = json.loads(line)
    if 'times' in wish:
        answer = {'times': [read_time(text, wish['now'], wish['zone']) for text in wish['times']]}
    elif 'tag' in wish:
        answer = tag(wish['tag'])
    else:
        answer = ask(wish['path'], wish['query'])
    answers.write(json.dumps(answer) + '\n')
    answers.flush()
