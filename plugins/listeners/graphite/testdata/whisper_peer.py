"""Does with Debian's whisper what it is told on its input, a list of steps in JSON, and prints what each came to."""
import json
import sys

import whisper


def do(step):
    path = step['path']
    if step['do'] == 'create':
        archives = [tuple(archive) for archive in step['archives']]
        return whisper.create(path, archives, step['xff'], step['aggregation'], sparse=True)
    if step['do'] == 'update':
        return whisper.update_many(path, [tuple(point) for point in step['points']], now=step['now'])
    if step['do'] == 'info':
        return whisper.info(path)
    return whisper.fetch(path, step['from'], step['until'], now=step['now'])


print(json.dumps([do(step) for step in json.load(sys.stdin)]))
