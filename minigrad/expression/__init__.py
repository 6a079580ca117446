"""A safe calculator: expressions of numbers, names and minigrad's operations, with every subexpression kept.

The source is parsed, never executed. `syntax` lists what an expression may contain; everything else is refused, so that
nothing can be reached but the operations and the given names. `sizes` bounds every result before `evaluation` computes it,
so that a short expression cannot ask for unlimited memory. Nothing recurses to the depth of an expression.
"""

from minigrad.expression.evaluation import INPUTS, LARGEST, OPERATIONS, Subexpression, evaluate
from minigrad.expression.syntax import Expression, ExpressionError

__all__ = ["INPUTS", "LARGEST", "OPERATIONS", "Expression", "ExpressionError", "Subexpression", "evaluate"]
