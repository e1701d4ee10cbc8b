# SPDX-License-Identifier: BSL-1.0
"""Finds where headers can be mutated, and writes them with all mutants in them, each behind a switch (see mutant.hpp).

The rules, one mutant for each place:
  comparison   < and <= change places, so do > and >=, and == and !=
  dropped      a statement that is an expression, or a return without a value, break or continue, is left out
  constant     0 becomes 1, 1 becomes 0, any other number n becomes n + 1; true and false change places
  negated      a condition of if, while or ?:, or an operand of && or ||, is negated

What only the compiler evaluates (if constexpr, static_assert, constexpr variables, template arguments, requires) is no
place: such a mutant would need a program of its own. Nor is what an assertion says. The headers are read token by token and not parsed; it is enough
that they are formatted: a comparison has spaces around it, the bracket of a template has not.
"""

import re

TOKEN = re.compile(
    r"""(?P<comment>//[^\n]*|/\*.*?\*/)
      | (?P<directive>^[ \t]*\#(?:[^\n]*\\\n)*[^\n]*)
      | (?P<string>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])')
      | (?P<number>(?:0[xX][0-9a-fA-F']+|[0-9][0-9']*(?:\.[0-9]+)?)[a-zA-Z_]*)
      | (?P<word>[A-Za-z_]\w*)
      | (?P<sign><=>|<<=|>>=|\.\.\.|::|->|<=|>=|==|!=|&&|\|\||\+=|-=|\*=|/=|%=|&=|\|=|\^=|\+\+|--|<<|[^\s])""",
    re.VERBOSE | re.MULTILINE | re.DOTALL,
)

COMPARISONS = {
    "<": ("<=", "less"), "<=": ("<", "less_or_equal"), ">": (">=", "greater"), ">=": (">", "greater_or_equal"),
    "==": ("!=", "equal"), "!=": ("==", "not_equal"),
}
ASSIGNMENTS = {"=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>="}
# A statement that begins so is no expression.
NO_EXPRESSION = set(
    "return if for while switch case default do else using static_assert const constexpr auto static throw goto "
    "typedef struct class enum template union try public private protected friend inline namespace".split())


class Token:
    def __init__(self, kind, text, start, spaced_before, spaced_after):
        self.kind, self.text, self.start, self.end = kind, text, start, start + len(text)
        self.spaced = spaced_before and spaced_after


class Mutant:
    """What has to be written for it: `wraps` (start, end, in front, behind) and `replaces` (start, end, new), with {n}
    for its number."""

    def __init__(self, rule, start, end, change, wraps=(), replaces=()):
        self.rule, self.start, self.end, self.change = rule, start, end, change
        self.wraps, self.replaces = list(wraps), list(replaces)


def tokens_of(text):
    found = []
    for match in TOKEN.finditer(text):
        if match.lastgroup in ("comment", "directive"):
            continue
        start, end = match.span()
        found.append(Token(match.lastgroup, match.group(), start, text[start - 1 : start].isspace(),
                           text[end : end + 1].isspace()))
    return found


class Header:
    def __init__(self, text):
        self.text = text
        self.tokens = tokens_of(text)
        self.match = self._match_brackets()
        self.skipped = [False] * len(self.tokens)
        self.scope = [None] * len(self.tokens)  # of each token: what is innermost around it
        self.kind = {}  # of each opening brace: block, class, enum, namespace, or value
        self._classify()
        self._skip_what_is_constant()

    def word(self, i):
        return self.tokens[i].text if 0 <= i < len(self.tokens) else ""

    def _match_brackets(self):
        match, open_ones = {}, []
        for i, token in enumerate(self.tokens):
            if token.text in "([{" and token.kind == "sign":
                open_ones.append(i)
            elif token.text in ")]}" and token.kind == "sign":
                match[i] = open_ones.pop()
                match[match[i]] = i
        return match

    def _kind_of_brace(self, i):
        before = self.word(i - 1)
        if before in (")", "]", "noexcept", "const", "override", "else", "do", "mutable", "}", ";", "{", ":", "try"):
            # An opening brace right behind another one begins a block only where the outer one is a block.
            return "value" if before == "{" and self.kind.get(i - 1) == "value" else "block"
        k = i - 1
        while k >= 0 and self.word(k) not in (";", "{", "}"):
            if self.word(k) == ")":
                k = self.match[k]
            k -= 1
        words = [self.word(j) for j in range(k + 1, i)]
        if "=" not in words and "return" not in words:
            for name in ("enum", "namespace", "class", "struct", "union"):
                if name in words:
                    return name if name in ("enum", "namespace") else "class"
        # A function that says behind its parameters what it returns.
        return "block" if "->" in words and ")" in words and self.word(i - 1) != "," else "value"

    def _classify(self):
        stack = []
        for i, token in enumerate(self.tokens):
            if token.text in ("}", ")") and token.kind == "sign":
                stack.pop()
            self.scope[i] = stack[-1] if stack else "namespace"
            if token.text == "(":
                stack.append("parentheses")
            if token.text == "{":
                self.kind[i] = self._kind_of_brace(i)
                stack.append(self.kind[i])

    def _skip(self, first, last):
        for i in range(first, min(last + 1, len(self.tokens))):
            self.skipped[i] = True

    def _angle_end(self, i):
        """The > that closes the < at i."""
        depth = 0
        while i < len(self.tokens):
            text = self.word(i)
            if text in "([{" and len(text) == 1:
                i = self.match[i]
            elif text == "<":
                depth += 1
            elif text == ">":
                depth -= 1
                if depth == 0:
                    return i
            elif text == ";":
                return None
            i += 1
        return None

    def _end_of_statement(self, i):
        while i < len(self.tokens) and self.word(i) != ";":
            i = self.match[i] + 1 if self.word(i) in ("(", "[", "{") else i + 1
        return i

    def _skip_what_is_constant(self):
        for i, token in enumerate(self.tokens):
            following = self.word(i + 1)
            if token.text in ("REPLICATOR_ASSERT", "static_assert", "decltype", "sizeof", "alignof", "alignas", "noexcept") and \
                    following == "(":
                self._skip(i, self.match[i + 1])
            elif token.text == "requires":
                end = self.match[i + 1] if following == "(" else i
                end = self.match[end + 1] if self.word(end + 1) == "{" else end
                self._skip(i, end)
            elif token.text == "constexpr" and self.word(i - 1) == "if":
                self._skip(i, self.match[i + 1])
            elif token.text == "constexpr":
                k = i
                while self.word(k) not in ("(", "=", "{", ";"):
                    k = self._angle_end(k) + 1 if self.word(k) == "<" else k + 1
                if self.word(k) != "(":
                    self._skip(i, self._end_of_statement(k))
            elif token.text in ("using", "concept"):
                self._skip(i, self._end_of_statement(i))
            elif token.text == "case":
                k = i
                while self.word(k) != ":":
                    k += 1
                self._skip(i, k)
            elif token.text == "template" and following == "<":
                self._skip(i, self._angle_end(i + 1) or i)
            elif token.text == "<" and not token.spaced and self.word(i - 1) != "operator":
                end = self._angle_end(i)
                if end is not None:
                    self._skip(i, end)
            elif token.text == "[" and following == "[":
                self._skip(i, self.match[i])
            elif token.text == "{" and self.kind[i] == "enum":
                self._skip(i, self.match[i])

    # ---- operands ----

    def _operand(self, i, step, stops):
        """The last token of the operand that begins beside the operator at i; None when there is none."""
        brackets = ")]}" if step < 0 else "([{"
        k = i + step
        while 0 <= k < len(self.tokens):
            token = self.tokens[k]
            if token.text in brackets and token.kind == "sign":
                k = self.match[k] + step
                continue
            if token.text in "()[]{}" and token.kind == "sign":
                break
            if token.text in stops and (token.text not in "<>&|^" or token.spaced):
                break
            k += step
        return None if k == i + step else k - step

    LOOSE = {",", ";", "?", ":", "return", "case", "else", "throw", *ASSIGNMENTS}
    OPERAND_OF_OR = LOOSE | {"||"}
    OPERAND_OF_AND = OPERAND_OF_OR | {"&&"}
    OPERAND_OF_EQUAL = OPERAND_OF_AND | {"|", "^", "&", "==", "!="}
    OPERAND_OF_LESS = OPERAND_OF_EQUAL | {"<", "<=", ">", ">="}

    # ---- the rules ----

    def mutants(self):
        found = []
        for i, token in enumerate(self.tokens):
            if self.skipped[i]:
                continue
            if token.text in COMPARISONS and token.spaced and self.word(i - 1) != "operator":
                found += self._comparison(i)
            if token.text in ("&&", "||") and token.spaced and self.word(i + 1) not in (")", ">", ","):
                found += self._operands(i)
            if token.text in ("if", "while") and self.word(i + 1) == "(":
                found += self._condition(i + 1)
            if token.text == "?":
                found += self._choice(i)
            if token.kind == "number" or token.text in ("true", "false"):
                found += self._constant(i)
            if self.scope[i] == "block" and self._begins_statement(i):
                found += self._statement(i)
        # A condition that is one comparison is negated by the other rule already, and an operand between two operators
        # is found from both.
        taken, unique = set(), []
        for mutant in sorted(found, key=lambda m: (m.start, m.rule != "comparison", m.end)):
            place = (mutant.start, mutant.end, "" if mutant.rule in ("comparison", "negated") else mutant.rule)
            if place in taken and mutant.rule == "negated":
                continue
            taken.add(place)
            unique.append(mutant)
        return unique

    def _span(self, first, last):
        return self.tokens[first].start, self.tokens[last].end

    def _comparison(self, i):
        token = self.tokens[i]
        stops = self.OPERAND_OF_EQUAL if token.text in ("==", "!=") else self.OPERAND_OF_LESS
        first, last = self._operand(i, -1, stops), self._operand(i, 1, stops)
        if first is None or last is None:
            return []
        start, end = self._span(first, last)
        other, function = COMPARISONS[token.text]
        return [Mutant("comparison", start, end, f"{token.text} -> {other}",
                       [(start, end, f"::replicator_mutants::{function}({{n}}, ", ")")],
                       [(token.start - 1, token.end, ",")])]

    def _negated(self, first, last):
        start, end = self._span(first, last)
        what = " ".join(self.text[start:end].split())
        return [Mutant("negated", start, end, what, [(start, end, "::replicator_mutants::negated({n}, ", ")")])]

    def _operands(self, i):
        stops = self.OPERAND_OF_AND
        first, last = self._operand(i, -1, stops), self._operand(i, 1, stops)
        found = []
        if first is not None:
            found += self._negated(first, i - 1)
        if last is not None:
            found += self._negated(i + 1, last)
        return found

    def _condition(self, bracket):
        first, last = bracket + 1, self.match[bracket] - 1
        k = first
        while k <= last:
            if self.word(k) == ";":
                first = k + 1
            k = self.match[k] + 1 if self.word(k) in ("(", "[", "{") else k + 1
        if any(self.word(k) == "=" for k in range(first, last + 1)):
            return []  # it declares something
        return self._negated(first, last)

    def _choice(self, i):
        first = self._operand(i, -1, self.LOOSE)
        return [] if first is None else self._negated(first, i - 1)

    def _constant(self, i):
        if self.scope[i] == "namespace":
            return []
        token = self.tokens[i]
        if token.text in ("true", "false"):
            other = "false" if token.text == "true" else "true"
        else:
            digits = re.match(r"(0[xX][0-9a-fA-F']+|[0-9']+)([uUlLzZ]*)$", token.text)
            if digits is None:
                return []
            number = int(digits.group(1).replace("'", ""), 0)
            other = str(0 if number == 1 else number + 1) + digits.group(2)
        return [Mutant("constant", token.start, token.end, f"{token.text} -> {other}", [],
                       [(token.start, token.end, f"(::replicator_mutants::is_alive({{n}}) ? {other} : {token.text})")])]

    def _begins_statement(self, i):
        before = self.word(i - 1)
        if before in (";", "else", "do"):
            return True
        if before in ("{", "}"):
            brace = i - 1 if before == "{" else self.match[i - 1]
            return self.kind[brace] == "block"
        if before == ")":
            return self.word(self.match[i - 1] - 1) in ("if", "for", "while", "switch", "constexpr")
        return before == ":" and self.skipped[i - 1]  # a label

    def _statement(self, i):
        if self.word(i) in ("break", "continue") or (self.word(i) == "return" and self.word(i + 1) == ";"):
            return self._dropped(i, i + 1)
        if self.word(i) in NO_EXPRESSION or self.word(i) in ("{", "}", ";"):
            return []
        end = self._end_of_statement(i)
        if self.word(i) in ("++", "--", "*"):
            return self._dropped(i, end)
        k, calls = i, False
        while k < end:
            text = self.word(k)
            if text in ("(", "["):
                calls, k = calls or text == "(", self.match[k] + 1
            elif text == "<" and not self.tokens[k].spaced:
                k = self._angle_end(k) + 1
            elif text in ("::", ".", "->", "template") or (self.tokens[k].kind == "word" and (
                    k == i or self.word(k - 1) in ("::", ".", "->", "template"))):
                k += 1
            else:
                break
        is_expression = self.word(k) in ASSIGNMENTS or self.word(k) in ("++", "--") or \
            (calls and self.word(k) in (";", ",", ".", "->"))
        return self._dropped(i, end) if is_expression else []

    def _dropped(self, i, end):
        start, stop = self._span(i, end)
        what = " ".join(self.text[start:stop].split())
        return [Mutant("dropped", start, stop, what,
                       [(start, stop, "{ if (!::replicator_mutants::is_alive({n})) ", " }")])]


def written(text, mutants):
    """The text with the mutants in it, which come as (number, mutant)."""
    opened, closed, replaced = {}, {}, {}
    wraps = [(start, end, head.replace("{n}", str(n)), tail)
             for n, mutant in mutants for start, end, head, tail in mutant.wraps]
    # Of two that begin together the longer one is outside; of equal ones the dropped statement. At one end, what began
    # last ends first.
    for start, end, head, tail in sorted(wraps, key=lambda w: (w[0], -w[1], not w[2].startswith("{"))):
        opened.setdefault(start, []).append(head)
        closed.setdefault(end, []).insert(0, tail)
    for n, mutant in mutants:
        for start, end, new in mutant.replaces:
            replaced[start] = (end, new.replace("{n}", str(n)))
    out, i = [], 0
    while i <= len(text):
        out += closed.get(i, [])
        out += opened.get(i, [])
        if i in replaced:
            end, new = replaced[i]
            out.append(new)
            i = end
            continue
        out.append(text[i : i + 1])
        i += 1
    return "".join(out)
