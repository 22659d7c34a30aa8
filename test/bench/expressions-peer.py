"""What OpsBro did for every expression of a check, in CPython: find the placeholders by regexp, put repr(value) in their place,
ast.parse the text, walk the tree by a chain of isinstance. Reads a number of checks and of rounds from the command line and prints
the checks a second of its best round; a check is its critical_if, its warning_if and the output that follows."""
import ast
import operator
import re
import sys
import time

PLACEHOLDER = re.compile('{{.*?}}')
BINARY = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
          ast.Pow: operator.pow, ast.Mod: operator.mod, ast.BitXor: operator.xor}
COMPARE = {ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.Lt: operator.lt, ast.LtE: operator.le,
           ast.Gt: operator.gt, ast.GtE: operator.ge}
UNARY = {ast.USub: operator.neg, ast.Not: operator.not_}


class Evaluator(object):
    def __init__(self):
        self.collectors = {}

    def find(self, root, path):
        value = root
        for step in path.split('.'):
            value = value[step]
        return value

    def compile(self, expression, check):
        for part in PLACEHOLDER.findall(expression):
            name = part[2:-2]
            if name.startswith('collector.'):
                value = self.find(self.collectors, name[len('collector.'):].split('||')[0])
            elif name.startswith('configuration.'):
                value = self.find(check, name[len('configuration.'):])
            else:
                raise Exception('The {{ }} expression: %s is not a known type' % name)
            expression = expression.replace(part, repr(value))
        return expression

    def evaluate(self, expression, check):
        tree = ast.parse(self.compile(expression, check).strip(), mode='eval').body
        return self.walk(tree)

    def walk(self, node):
        if isinstance(node, ast.Constant):
            return node.value
        elif isinstance(node, ast.List):
            return [self.walk(item) for item in node.elts]
        elif isinstance(node, ast.Tuple):
            return tuple(self.walk(item) for item in node.elts)
        elif isinstance(node, ast.Dict):
            return dict((self.walk(key), self.walk(value)) for key, value in zip(node.keys, node.values))
        elif isinstance(node, ast.BinOp):
            return BINARY[type(node.op)](self.walk(node.left), self.walk(node.right))
        elif isinstance(node, ast.BoolOp):
            left = self.walk(node.values[0])
            if isinstance(node.op, ast.Or):
                return True if left else self.walk(node.values[1])
            return self.walk(node.values[1]) if left else False
        elif isinstance(node, ast.Compare):
            return COMPARE[type(node.ops[0])](self.walk(node.left), self.walk(node.comparators[0]))
        elif isinstance(node, ast.UnaryOp):
            return UNARY[type(node.op)](self.walk(node.operand))
        raise TypeError(node)

    def check(self, check):
        if self.evaluate(check['critical_if'], check):
            return 2, self.evaluate(check['critical_output'], check)
        if self.evaluate(check['warning_if'], check):
            return 1, self.evaluate(check['warning_output'], check)
        return 0, self.evaluate(check['ok_output'], check)


def main(count, rounds):
    evaluator = Evaluator()
    idle = '{{collector.cpustats.cpuall.%idle}}'
    checks = [{
        'ok_output': "'OK: cpu is great: %%s%%%%' %% (100-%s)" % idle,
        'critical_if': '%s < {{configuration.thresholds.cpuidle.critical}}' % idle,
        'critical_output': "'Critical: cpu is too high: %%s%%%%' %% (100-%s)" % idle,
        'warning_if': '%s < {{configuration.thresholds.cpuidle.warning}}' % idle,
        'warning_output': "'Warning: cpu is very high: %%s%%%%' %% (100-%s)" % idle,
        'thresholds': {'cpuidle': {'critical': 5 + number / 1000.0, 'warning': 20 + number / 1000.0}},
    } for number in range(count)]
    best = 0
    for turn in range(rounds):
        evaluator.collectors = {'cpustats': {'cpuall': {'%idle': 53.2 + turn / 7.0}}}
        start = time.perf_counter()
        verdicts = [evaluator.check(check) for check in checks]
        best = max(best, count / (time.perf_counter() - start))
        if len([state for state, _ in verdicts if state == 0]) != count:
            raise Exception('wrong verdicts')
    print(best)


main(int(sys.argv[1]), int(sys.argv[2]))
