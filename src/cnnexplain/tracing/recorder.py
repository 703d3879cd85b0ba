"""Records what a forward does, on tensors that have a shape and no storage."""

from __future__ import annotations

import contextlib
import os
import re
import sys
from contextlib import nullcontext
from copy import copy
from dataclasses import dataclass, fields, replace
from functools import cache, partial
from itertools import chain
from operator import itemgetter
from pathlib import Path
from threading import get_ident
from typing import TYPE_CHECKING, Any, TypeAlias

import torch
from torch.nn.modules import module as torch_modules
from torch.overrides import TorchFunctionMode

import cnnexplain
from cnnexplain.errors import (
    ArgumentError,
    CnnExplainError,
    ForwardError,
    RefusedError,
    ShapeError,
    shown,
)
from cnnexplain.graph import Network, Node
from cnnexplain.operations import OPERATIONS, Operation
from cnnexplain.operations.base import Opaque
from cnnexplain.operations.dense import Linear
from cnnexplain.operations.joining import MultiheadAttention
from cnnexplain.tracing.paths import Paths, joined
from cnnexplain.tracing.rules import GRADIENTS, PLAIN, RULES, VALUES, WHERE
from cnnexplain.tracing.rules.registry import writes
from cnnexplain.tracing.tensors import made, on_meta, parameters_of, storage, tensors

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import FrameType

    from torch import nn

    from cnnexplain.operations import Shape


_Read: TypeAlias = "Callable[[dict[str, Any]], tuple[Any, ...]]"
# Where torch works out shapes in Python, for functions that it was called with from elsewhere.
_KERNELS = ("torch._prims", "torch._refs", "torch._meta_registrations", "torch._decomp")
_FORWARDS = {"forward", "_conv_forward"}
# torch names the device where a value is missing; not so in the middle of another word.
_META = re.compile(r"\bmeta\b", re.IGNORECASE)
# Code that users did not write, whose lines would tell them nothing.
_OWN = tuple(
    f"{path.parent}{os.sep}"
    for file in (torch.__file__, contextlib.__file__, cnnexplain.__file__)
    # Code tells by which way it was found, such as through a link.
    for path in {Path(file), Path(file).resolve()}
)
MULTI_HEAD = torch.nn.functional.multi_head_attention_forward


class NeedsValues(Exception):  # noqa: N818  # no error: the module is run instead
    """A forward decides by the values of a tensor, of which only the shape is known.

    Args:
        what: What asks for them.
        gradients: Whether it asks for gradients.
    """

    def __init__(self, what: str, *, gradients: bool) -> None:
        super().__init__(what)
        self.gradients = gradients


@dataclass(slots=True)
class Frame:
    """A module whose forward is running.

    Attributes:
        module: The module.
        path: Its path.
        operation: What it does, if it is a layer that has a rule as a whole.
        result: The tensors that it has made, once it is recorded.
        parameters: Its weights, once it is recorded.
        named: Whether a node bears its path already.
        first: The number of nodes when it began.
        inputs: The numbers of the values that it was given, each once.
    """

    module: nn.Module
    path: str
    operation: Operation | None
    result: Any = None
    parameters: tuple[torch.Tensor, ...] = ()
    named: bool = False
    first: int = 0
    inputs: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Ref:
    """A value among the arguments of a call, or in what a forward returns.

    Attributes:
        number: The value's number.
    """

    number: int


@dataclass(frozen=True, slots=True)
class Call:
    """The call that a node stands for.

    Attributes:
        module: The layer that was called, if it is recorded as a whole.
        func: The function of torch.
        args: Its arguments, with a `Ref` for each value that comes from the inputs.
        kwargs: Its keyword arguments, in the same way.
        part: Which of the tensors that it returned the node is.
    """

    module: nn.Module | None
    func: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    part: int = 0

    def named(self, *names: str) -> dict[str, Any]:
        """Return the arguments by their names, those that were given.

        Args:
            *names: The names of the positional ones, in order.
        """
        return dict(zip(names, self.args, strict=False)) | self.kwargs


class Recorder(TorchFunctionMode):
    """Sees every function of torch that a forward calls, and records it as a node.

    Attributes:
        modules: Each module by its path; one that is in several places, at each.
        device: Where the module's weights are.
        by_values: Whether tensors have values, and functions are run.
        needs_values: Why the module must be run, once that is known.
        keeps_calls: Whether calls are kept, so that what a node stands for can be called again.
        calls: For each node the call that it stands for, if they are kept.
        keeps_lines: Whether it is kept where in the user's source each node is called.
        lines: For each node the file and the number of that line, if they are kept.
        refused: What could not be done: the path, the operation if there is one, and the numbers of
            the values that it was given; None as long as all goes well.
        refused_by: The error that told so, which the module's own code may have caught.
        output: What the forward returned, with a `Ref` for each value that comes from the inputs.
    """

    def __init__(
        self,
        model: nn.Module,
        inputs: Sequence[torch.Tensor],
        *,
        by_values: bool,
        keep_calls: bool = False,
        keep_lines: bool = False,
        instead: Mapping[str, Operation] | None = None,
    ) -> None:
        super().__init__()
        self.by_values = by_values
        self.calls: list[Call] = []
        self.keeps_lines = keep_lines
        self._instead = instead or {}
        self.lines: list[tuple[str, int] | None] = []
        self.refused: tuple[str, Operation | None, tuple[int, ...]] | None = None
        self.refused_by: BaseException | None = None
        self._failed: tuple[Operation | None, tuple[int, ...]] = None, ()
        self.output: Any = None
        self.keeps_calls = keep_calls
        self._call: Call | None = None
        self.needs_values: NeedsValues | None = None
        self._model = model
        own = next(chain(model.parameters(), model.buffers()), None)
        self.device = torch.device("cpu") if own is None else own.device
        self._fixed: set[int] = set()
        self._inputs = inputs
        self._nodes: list[Node] = []
        self._shapes: list[Shape] = [tuple(each.shape) for each in inputs]
        # Tensors are told apart by their identity, so none may die while its number is known.
        self._numbers = {id(each): number for number, each in enumerate(inputs)}
        self._kept: list[object] = list(inputs)
        self._pending: dict[int, Callable[[], int]] = {}
        self._shared: list[torch.Tensor] = []
        self._names: dict[str, int] = {}
        self._counted: set[int] = set()
        self._derived: dict[int, tuple[torch.Tensor, ...]] = {}
        self._frames: list[Frame] = []
        self._failure: tuple[BaseException | None, str] = None, ""
        # What is being handled already, as where somebody traces in an `except` block.
        self._handled: BaseException | None = None
        self._thread = get_ident()
        self._layers: dict[tuple[object, ...], Operation] = {}
        self._announced: dict[int, int] = {}
        self._owned: dict[type[nn.Module], bool] = {}
        self._same: dict[Operation, Operation] = {}
        self._known: dict[tuple[int, tuple[Shape, ...]], Shape] = {}
        self.modules = dict(model.named_modules(remove_duplicate=False))
        self._paths = Paths(self.modules)
        for path, module in self.modules.items():
            for name, parameter in module._parameters.items():  # noqa: SLF001  # quick to look at
                if parameter is not None and torch.nn.parameter.is_lazy(parameter):
                    raise ArgumentError(
                        "a module whose parameters have sizes",
                        f"the lazy parameter {shown(joined(path, name))}",
                        "run the module once on a real input before tracing it",
                    )
        self._storages: set[int] | None = None

    def _need_values(self, func: Callable[..., Any]) -> NeedsValues:
        what = f"{_name(func)}() in {self.where or 'forward'}"
        # Kept, since the module may catch it.
        self.needs_values = NeedsValues(what, gradients=func in GRADIENTS)
        return self.needs_values

    @property
    def shapes(self) -> list[Shape]:
        """The shape of each value: the inputs, then what each node makes."""
        return self._shapes

    @property
    def where(self) -> str:
        """The path of the module whose forward is running."""
        return self._frames[-1].path if self._frames else ""

    def failed_in(self, error: BaseException) -> str:
        """Return the path of the innermost module that an exception left.

        Args:
            error: The exception.
        """
        return self._failure[1] if self._failure[0] is error else self.where

    def run(self) -> None:
        """Run the module's forward and record it."""
        self._handled = sys.exception()
        # torch knows hooks for all modules only; those of other threads are let pass.
        before = torch_modules.register_module_forward_pre_hook(self._enter)
        try:
            after = torch_modules.register_module_forward_hook(self._leave, always_call=True)
            try:
                with self:
                    output = self._model(*self._inputs)
            finally:
                after.remove()
        finally:
            before.remove()
        self.output = self._referred(output)
        outputs = tensors(output)
        if outputs and all(self.number(each) is None for each in outputs):
            raise ForwardError(
                "a forward whose output comes from its input",
                "one whose output was lost on the way, or never depended on it",
                "trace the part of the module that makes the output",
            )

    def network(self) -> Network:
        """Return what was recorded."""
        unused = tuple(
            joined(path, name)
            for path, module in self.modules.items()
            for name, each in module._parameters.items()  # noqa: SLF001  # quick to look at
            if each is not None and id(each) not in self._counted
        )
        modules = {path: type(module).__name__ for path, module in self.modules.items()}
        return Network(
            tuple(self._nodes),
            type(self._model).__name__,
            modules=modules,
            unused=unused,
            by_values=self.by_values,
            outputs=tuple(each.number for each in refs(self.output)),
        )

    # The modules around a call, by hooks.

    def _enter(self, module: nn.Module, arguments: tuple[object, ...]) -> None:
        if get_ident() != self._thread:
            return
        above = self._frames[-1].path if self._frames else ""
        path = self._paths.of_call(module, above)
        frame = Frame(module, path, self._layer(module, path), first=len(self._nodes))
        if frame.operation is None:
            frame.inputs = tuple(dict.fromkeys(self._traced(arguments)))
            if type(module) is torch.nn.MultiheadAttention:
                frame.operation = self._attention(module, arguments[:3], frame.inputs)
        self._frames.append(frame)

    def _attention(
        self,
        module: torch.nn.MultiheadAttention,
        arguments: tuple[object, ...],
        inputs: tuple[int, ...],
    ) -> Operation | None:
        """Return what torch's attention does, whose forward moves axes to and fro."""
        three = [self.number(each) for each in arguments]
        longer = module.bias_k is not None or module.add_zero_attn
        if len(three) < 3 or None in three or len(self._shapes[inputs[0]]) < 3 or longer:  # noqa: PLR2004
            return None
        query, key, value = (inputs.index(each) for each in three if each is not None)
        return MultiheadAttention(
            module.embed_dim,
            module.num_heads,
            (query, key, value),
            module.kdim,
            module.vdim,
            module.batch_first,
        )

    def _weights(
        self, frame: Frame, operation: MultiheadAttention, kwargs: dict[str, Any]
    ) -> torch.Tensor | None:
        """Return attention's weights, which are no row of the table unless something uses them."""
        if not kwargs.get("need_weights", True):
            return None
        shapes = [self._shapes[number] for number in frame.inputs]
        batch, *lengths = operation.weights_shape(*shapes)
        heads = () if kwargs.get("average_attn_weights", True) else (operation.num_heads,)
        shape = (batch, *heads, *lengths)
        weights = torch.empty(shape, device="meta")
        opaque = Opaque("attention weights", shape, 0, self._found)
        path = f"{frame.path}.weights"
        self.later(weights, lambda: self._add(opaque, frame.inputs, path, (), [weights]))
        return weights

    def _layer(self, module: nn.Module, path: str) -> Operation | None:
        """Return what a layer of torch's own does, from its attributes."""
        if path in self._instead:
            return self._instead[path]
        # A layer of ours that computes what one of torch's does, only otherwise, says so.
        told = getattr(type(module), "computes_as", None)
        kind = OPERATIONS.get(told or type(module).__name__)
        attributes = vars(module)
        # A subclass, a hook, or another forward may do anything.
        changed = module._forward_pre_hooks or not _FORWARDS.isdisjoint(attributes)  # noqa: SLF001
        if kind is None or changed or not (told or self._is_torchs(type(module))):
            return None
        # A module keeps the bias itself where its constructor took True or False.
        bias = module._parameters.get("bias") is not None  # noqa: SLF001  # quick to look at
        names, read, biased = _reader(kind)  # type: ignore[arg-type]  # classes can be hashed
        try:
            key = kind, bias, read(attributes)
            if key not in self._layers:
                values = dict(zip(names, key[2], strict=True))
                self._layers[key] = kind(**values, **({"bias": bias} if biased else {}))
            return self._layers[key]
        except (KeyError, TypeError):  # an attribute that is gone, or that cannot be hashed
            return None
        except CnnExplainError as error:
            told = error.at(f"layer {shown(path)}: {type(module).__name__}")
            self.refused, self.refused_by = (path, None, ()), told
            raise told from None

    def _is_torchs(self, kind: type[nn.Module]) -> bool:
        """Return whether a class is torch's own, with the forward that torch gave it."""
        if kind not in self._owned:
            both = kind.__module__, kind.forward.__module__
            self._owned[kind] = all(name.startswith("torch.nn.modules.") for name in both)
        return self._owned[kind]

    def _leave(self, module: nn.Module, arguments: tuple[object, ...], output: object) -> None:
        # What a hook returns would replace the output: this one returns nothing.
        if get_ident() != self._thread or not self._frames or self._frames[-1].module is not module:
            return
        frame = self._frames.pop()
        failure = sys.exception()
        known = failure is self._failure[0] or failure is self._handled
        if failure is not None and not known:
            self._failure = failure, frame.path
            if failure is not self.refused_by and frame.operation is not None:
                # The layer looked at its input itself, before it called any function.
                inputs = tuple(self._traced(arguments))
                self.refused, self.refused_by = (frame.path, frame.operation, inputs), failure
        if isinstance(frame.operation, OPERATIONS["Identity"]) and frame.result is None:
            (number,) = tuple(self._traced(arguments))[:1] or (None,)
            if number is not None:
                self._call = Call(module, type(module).forward, arguments, {})
                self._add(frame.operation, (number,), frame.path, (), list(tensors(output)))
        elif len(self._nodes) == frame.first:
            self._hidden(frame, arguments, output)

    def _hidden(self, frame: Frame, arguments: tuple[object, ...], output: object) -> None:
        """Record a module of which no function was seen, such as a scripted one."""
        known_ids = self._numbers.keys() | self._fixed
        unknown = [each for each in tensors(output) if id(each) not in known_ids]
        inputs = tuple(dict.fromkeys(self._traced(arguments))) or frame.inputs
        parameters = parameters_of(frame.module)
        known = {id(each) for each in parameters}
        if not inputs or not unknown or any(id(each) in known for each in unknown):
            return
        cost = _cost(frame.module, arguments)
        for tensor in unknown:
            name = type(frame.module).__name__
            operation = Opaque(name, tuple(tensor.shape), cost, self._found)
            self._add(operation, inputs, frame.path, parameters, [tensor])
            cost, parameters = 0, ()

    @property
    def _found(self) -> Any:
        return "run" if self.by_values else "meta"

    # The functions, by the mode.

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: object,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Record a call, or let it pass."""
        del types
        kwargs = kwargs or {}
        frame = self._frames[-1] if self._frames else None
        layer = None if frame is None else frame.operation
        # A layer's own input comes first; to look through all arguments takes longer.
        first = self._numbers.get(id(args[0])) if layer is not None and args else None
        if func in PLAIN or (first is None and _in_a_kernel(sys._getframe(1))):  # noqa: SLF001  # the quickest way
            return func(*args, **kwargs)
        numbers = tuple(self._traced((args, kwargs))) if first is None else (first,)
        if not numbers:
            return self._constant(func, args, kwargs)
        if func in WHERE and not self.by_values:
            return WHERE[func](self.device)
        if func in VALUES and not self.by_values:
            raise self._need_values(func)
        self._call = Call(None, func, args, kwargs)
        if frame is None or layer is None or not (frame.result is not None or self._fits(frame)):
            return self._by_rule(func, args, kwargs)
        try:
            return self._whole(frame, layer, frame.inputs or numbers[:1], func, args, kwargs)
        except CnnExplainError as error:
            place = f"{shown(frame.path)}: {layer}"
            self._refused(error, frame.path, place, *_decisive(frame.module, func, args, kwargs))
            frame.operation = None
            return self._by_rule(func, args, kwargs)

    def _fits(self, frame: Frame) -> bool:
        """Return whether a layer's weights are those that its attributes announce.

        After pruning, or with another head put in, they need not be: torch goes by the weights.
        """
        layer, weights = frame.operation, parameters_of(frame.module)
        frame.parameters = weights
        assert layer is not None
        if isinstance(layer, MultiheadAttention):
            return True  # made from this module, not from attributes that may be out of date
        if frame.path in self._instead:
            return True
        if id(layer) not in self._announced:
            self._announced[id(layer)] = layer.parameters
            self._kept.append(layer)
        fits = sum([each.numel() for each in weights]) == self._announced[id(layer)]
        if fits and isinstance(layer, Linear):
            fits = weights[0].shape[0] == layer.out_features
        if not fits:
            frame.operation = None
        return frame.operation is not None

    def _by_rule(
        self, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        """Record a function by its rule, or without where none tells."""
        rule = RULES.get(func, _no_rule)
        count = len(self._nodes)
        try:
            result = rule(self, func, *args, **kwargs)
            if result is not NotImplemented:
                return result
        except NeedsValues:
            raise
        except CnnExplainError as error:
            path = self._joined_path(_name(func))
            self._refused(error, path, shown(path), func, args, kwargs)
        except Exception:  # noqa: BLE001, S110  # a call that the rule does not foresee: ask torch
            pass
        del self._nodes[count:], self._shapes[len(self._inputs) + count :], self.calls[count:]
        del self.lines[count:]
        return self.without_rule(func, args, kwargs)

    def _whole(
        self,
        frame: Frame,
        operation: Operation,
        numbers: tuple[int, ...],
        func: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> Any:
        """Record a layer as a whole at its first function; the rest of its forward adds nothing."""
        self._call = Call(frame.module, func, args, kwargs)
        if self.by_values:
            return self._whole_with_values(frame, operation, numbers, func, args, kwargs)
        if frame.result is None:
            parameters = frame.parameters
            target = args[0] if args and id(args[0]) in self._numbers else self._first(args, kwargs)
            shape = self._shape(operation, numbers)
            # What stands in for a layer is none of its functions.
            if operation.is_view and frame.path not in self._instead:
                # torch knows whether the values lie in memory so that they can be viewed.
                frame.result = func(*args, **kwargs)
                self.share(frame.result, target)
            elif getattr(operation, "inplace", False):
                frame.result = target
            else:
                frame.result = made(operation, shape, target, target.dtype)
            results = [frame.result]
            if getattr(operation, "return_indices", False):
                results.append(torch.empty(shape, dtype=torch.long, device="meta"))
                frame.result = tuple(results)
            number = self._add(operation, numbers, frame.path, parameters, results, shape)
            if frame.result is target:
                self._write_through(target, number, _name(func))
        if isinstance(operation, MultiheadAttention) and func is MULTI_HEAD:
            return frame.result, self._weights(frame, operation, kwargs)
        return frame.result

    def _whole_with_values(
        self,
        frame: Frame,
        operation: Operation,
        numbers: tuple[int, ...],
        func: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> Any:
        """Record a layer as a whole that is run."""
        if frame.result is None:
            self._shape(operation, numbers)  # which tells more than torch if it does not fit
        result = func(*args, **kwargs)
        if frame.result is None:
            frame.result = result
            self._add(operation, numbers, frame.path, frame.parameters, tensors(result))
        else:
            for tensor in tensors(result):
                self.set_number(tensor, len(self._shapes) - 1)
        return result

    def _first(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> torch.Tensor:
        return next(each for each in tensors((args, kwargs)) if id(each) in self._numbers)

    def _constant(
        self, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        """Run a function of what does not come from the inputs, such as weights."""
        changed = _changed(func, args, kwargs)
        if changed is not None and self._is_models(changed):
            return changed  # the module stays as it is
        try:
            result = func(*args, **kwargs)
        except RuntimeError as error:
            result = self._constant_of_shape(func, args, kwargs, error)
        used = self._parameters((args, kwargs))
        for tensor in tensors(result):
            self.fix(tensor)
            if used and not isinstance(tensor, torch.nn.Parameter):
                self._derived[id(tensor)] = used
        return result

    def _constant_of_shape(
        self,
        func: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        error: Exception,
    ) -> Any:
        """Run a function of constants some of which have no values, such as torch.zeros_like(x)."""
        if self.by_values or not any(each.is_meta for each in tensors((args, kwargs))):
            raise error
        try:
            return func(*on_meta(args), **on_meta(kwargs))
        except Exception:  # noqa: BLE001  # whatever it is that values are needed for
            raise self._need_values(func) from error

    def _is_models(self, tensor: torch.Tensor) -> bool:
        if self.by_values:
            return False  # this is a copy
        if self._storages is None:
            own = [*self._model.parameters(), *self._model.buffers()]
            self._storages = {storage(each) for each in own}
        return storage(tensor) in self._storages

    def _parameters(self, values: object) -> tuple[torch.Tensor, ...]:
        found: dict[int, torch.Tensor] = {}
        for tensor in tensors(values):
            if isinstance(tensor, torch.nn.Parameter):
                found[id(tensor)] = tensor
            else:
                found.update((id(each), each) for each in self._derived.get(id(tensor), ()))
        return tuple(found.values())

    # What rules call.

    def number(self, tensor: object) -> int | None:
        """Return the number of a value that comes from the inputs, or None.

        Args:
            tensor: Anything.
        """
        number = self._numbers.get(id(tensor))
        if number is None and id(tensor) in self._pending:
            number = self._pending.pop(id(tensor))()
        elif number is None and isinstance(tensor, torch.Tensor) and self._is_lost(tensor):
            # It comes from where no function is seen, such as a scripted one: from what was last.
            operation = Opaque("hidden", tuple(tensor.shape), 0, self._found)
            last = (len(self._shapes) - 1,)
            number = self._add(operation, last, "hidden", (), [tensor])
        return number

    def _is_lost(self, tensor: torch.Tensor) -> bool:
        # What has no storage, though the model has, comes from the inputs or from constants.
        return not self.by_values and id(tensor) not in self._fixed and self._lies_on_meta(tensor)

    def _lies_on_meta(self, tensor: torch.Tensor) -> bool:
        with torch._C.DisableTorchFunction():  # noqa: SLF001  # hooks call this under the mode
            return tensor.is_meta and self.device.type != "meta"

    def fix(self, tensor: torch.Tensor) -> None:
        """Let a tensor stand for a constant.

        Args:
            tensor: The tensor.
        """
        self._fixed.add(id(tensor))
        self._kept.append(tensor)

    def set_number(self, tensor: torch.Tensor, number: int) -> None:
        """Let a tensor stand for a value.

        Args:
            tensor: The tensor.
            number: The value's number.
        """
        self._numbers[id(tensor)] = number
        self._kept.append(tensor)

    def later(self, tensor: torch.Tensor, record: Callable[[], int]) -> None:
        """Record a value only if something uses it.

        Args:
            tensor: The tensor that stands for it.
            record: What records it and returns its number.
        """
        call = self._call

        def recorded() -> int:
            self._call, other = call, self._call
            number = record()
            self._call = other
            return number

        self._pending[id(tensor)] = recorded
        self._kept.append(tensor)

    def add(
        self,
        operation: Operation,
        func: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any] | None = None,
        *,
        inputs: Sequence[torch.Tensor] | None = None,
        dtype: torch.dtype | None = None,
        result: Any = None,
    ) -> Any:
        """Record an operation and return the tensor that it makes.

        Args:
            operation: What it does.
            func: The function of torch.
            args: Its arguments.
            kwargs: Its keyword arguments.
            inputs: The tensors that the operation takes; those among the arguments unless given.
            dtype: What the values are; as those of the first input unless given.
            result: What torch has made already, if it has.
        """
        kwargs = kwargs or {}
        operation = self._same.setdefault(operation, operation)
        taken = list(tensors((args, kwargs)) if inputs is None else inputs)
        numbers = tuple(each for each in map(self.number, taken) if each is not None)
        shape = self._shape(operation, numbers)
        target = next(each for each in taken if self.number(each) is not None)
        inplace = getattr(operation, "inplace", False)
        if result is not None:
            pass
        elif self.by_values or operation.is_view or (inplace and 0 in target.stride()):
            # What lies in memory shared with other values, torch judges.
            result = func(*args, **kwargs)
        elif inplace:
            result = target
        else:
            # torch lays a result out as the first operand of its shape.
            like = next((each for each in taken if tuple(each.shape) == shape), target)
            result = made(operation, shape, like, dtype or target.dtype)
        number = self._add(
            operation,
            numbers,
            self._name_of(func, operation),
            self._parameters((args, kwargs)),
            [result],
        )
        if inplace:
            self._write_through(target, number, _name(func))
        elif operation.is_view:
            self.share(result, target)
        return result

    def share(self, tensor: torch.Tensor, source: torch.Tensor) -> None:
        """Remember that a tensor lies in another's memory.

        Args:
            tensor: The tensor.
            source: The other one.
        """
        self._shared += [tensor, source]

    def _write_through(self, target: torch.Tensor, number: int, name: str) -> None:
        """Let whatever lies in the same memory change too, if anything uses it later."""
        if not self._shared:
            return
        place, path = storage(target), self._joined_path(name)
        others = {id(each): each for each in self._shared if each is not target}
        for other in others.values():
            before = self._pending.get(id(other))
            whole = self._numbers.get(id(other))
            if storage(other) == place and (before is not None or whole is not None):
                self._numbers.pop(id(other), None)
                self.later(other, partial(self._changed_too, other, before, whole, number, path))

    def _changed_too(
        self,
        tensor: torch.Tensor,
        before: Callable[[], int] | None,
        whole: int | None,
        number: int,
        path: str,
    ) -> int:
        changed = before() if before is not None else whole
        numbers = (number,) if changed is None else (changed, number)
        operation = Opaque(path.rpartition(".")[2], tuple(tensor.shape), 0, self._found)
        return self._add(operation, numbers, path, (), [tensor])

    def insert(
        self, operation: Operation, func: Callable[..., Any], tensor: Any, sources: Sequence[Any]
    ) -> int:
        """Record a result that is there already, and return its number.

        Args:
            operation: What it is.
            func: The function of torch.
            tensor: The result.
            sources: The tensors that it was made from.
        """
        operation = self._same.setdefault(operation, operation)
        numbers = tuple(each for each in map(self.number, sources) if each is not None)
        if operation.is_view:
            self.share(tensor, sources[0])
        return self._add(operation, numbers, self._name_of(func, operation), (), [tensor])

    def without_rule(
        self, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        """Record a function that has no rule, by torch's arithmetic of shapes or by running it.

        Args:
            func: The function of torch.
            args: Its arguments.
            kwargs: Its keyword arguments.
        """
        from torch.utils.flop_counter import FlopCounterMode  # noqa: PLC0415  # slow to import

        numbers = tuple(dict.fromkeys(self._traced((args, kwargs))))
        name = _name(func)
        counter = FlopCounterMode(display=False)
        try:
            # The counter cannot be there while gradients are computed.
            with nullcontext() if func in GRADIENTS else counter:
                result = (
                    func(*args, **kwargs)
                    if self.by_values
                    else func(*on_meta(args), **on_meta(kwargs))
                )
        except Exception as error:
            if not self.by_values and _is_metas(error):
                raise self._need_values(func) from error
            told = self._torchs(error, name)
            self.refused, self.refused_by = (self._joined_path(name), None, numbers), told
            raise told from error
        cost = counter.get_total_flops() // 2
        parameters = self._parameters((args, kwargs))
        changed = _changed(func, args, kwargs)
        if changed is not None:
            operation = Opaque(name, tuple(changed.shape), cost, self._found)
            number = self._add(operation, numbers, self._joined_path(name), parameters, [changed])
            self._write_through(changed, number, name)
            return changed
        path = None
        for part, tensor in enumerate(tensors(result)):
            if self._call is not None:
                self._call = replace(self._call, part=part)
            operation = Opaque(name, tuple(tensor.shape), 0 if path else cost, self._found)
            if path is None:
                path = self._name_of(func, operation)
                self._add(operation, numbers, path, parameters, [tensor])
            else:
                # Such as the states of an LSTM, which most forwards throw away.
                self.later(tensor, partial(self._add, operation, numbers, path, (), [tensor]))
        return result

    def _torchs(self, error: Exception, name: str) -> RefusedError:
        lines = str(error).strip().splitlines() or [""]
        place = self._joined_path(name)
        return RefusedError(
            f"sizes that {name} takes",
            f"{type(error).__name__}: {shown(lines[0], limit=300)}, at {shown(place)}",
            "check the sizes that reach it, row by row, in the layers before it",
        )

    def _refused(
        self,
        error: CnnExplainError,
        path: str,
        place: str,
        func: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> None:
        """Raise an error of our rules, unless torch takes what they refuse."""
        self.refused = path, *self._failed
        told = error.at(f"layer {place}")
        if isinstance(told, ShapeError):
            told = RefusedError(told.expected, told.received, told.cure).about(**told.facts)
        self.refused_by = told
        if path in self._instead or type(self._failed[0]).__name__.startswith("ConvTranspose"):
            # torch would judge the layer that is there; and it does not count the channels of a
            # transposed convolution before it has values.
            raise told
        try:
            result = func(*on_meta(args), **on_meta(kwargs))
        except Exception as theirs:  # whatever torch raises, it refuses too
            raise told from theirs
        if any(each.numel() == 0 for each in tensors(result)):
            # torch's arithmetic of shapes goes on with nothing where its kernels refuse to.
            raise told
        self.refused = self.refused_by = None

    def _traced(self, values: object) -> list[int]:
        numbers = map(self.number, tensors(values))
        return [number for number in numbers if number is not None]

    def _shape(self, operation: Operation, numbers: tuple[int, ...]) -> Shape:
        taken = tuple([self._shapes[number] for number in numbers])
        key = id(operation), taken
        if key not in self._known:
            self._failed = operation, numbers
            self._known[key] = operation.output_shape(*taken)
            self._failed = None, ()
            self._kept.append(operation)
        return self._known[key]

    def _referred(self, values: Any) -> Any:
        """Return values with a `Ref` in the place of each tensor that comes from the inputs."""
        if isinstance(values, torch.Tensor):
            number = self.number(values)
            return values if number is None else Ref(number)
        if type(values) in {tuple, list}:
            return type(values)(map(self._referred, values))
        if isinstance(values, dict):
            return {key: self._referred(value) for key, value in values.items()}
        if isinstance(values, tuple) and hasattr(values, "_fields"):
            return type(values)(*map(self._referred, values))
        return values

    def _joined_path(self, name: str) -> str:
        return joined(self.where, name)

    def _name_of(self, func: Callable[..., Any], operation: Operation) -> str:
        frame = self._frames[-1] if self._frames else None
        if frame is None or not frame.path or frame.named or operation.is_view:
            return self._joined_path(_name(func))
        children = frame.module._modules  # noqa: SLF001  # quick to look at
        kind = type(frame.module)
        if "parametrizations" in children:  # such as of weight_norm, for which torch makes a class
            children, kind = {}, kind.__mro__[1]
        if children or not kind.__module__.startswith("torch.nn.modules."):
            return self._joined_path(_name(func))
        if kind.__name__ in OPERATIONS and type(operation).__name__ not in {
            kind.__name__,
            "Opaque",
        }:
            return self._joined_path(_name(func))
        # A layer of torch's own is known by its path.
        frame.named = True
        return frame.path

    def _add(
        self,
        operation: Operation,
        numbers: tuple[int, ...],
        name: str,
        parameters: Sequence[torch.Tensor],
        results: Sequence[torch.Tensor],
        shape: Shape | None = None,
    ) -> int:
        shape = shape or self._shape(operation, numbers)
        name = name or _snake(type(operation).__name__)
        times = self._names[name] = self._names.get(name, 0) + 1
        if times > 1:
            bare = name
            while name in self._names:
                name, times = f"{bare}:{times}", times + 1
            self._names[name] = 1
        count = 0
        for each in parameters:
            if id(each) not in self._counted:
                self._counted.add(id(each))
                count += each.numel()
        size = results[0].element_size() if results else 4
        if self.keeps_calls:
            assert self._call is not None
            args, kwargs = self._referred((self._call.args, self._call.kwargs))
            self.calls.append(replace(self._call, args=args, kwargs=kwargs))
        if self.keeps_lines:
            self.lines.append(_line(sys._getframe(1)))  # noqa: SLF001  # the quickest way
        self._nodes.append(Node(name, operation, numbers, count, size))
        self._shapes.append(shape)
        number = len(self._shapes) - 1
        for tensor in results:
            self._numbers[id(tensor)] = number
        self._kept += results
        return number


def refs(values: object) -> list[Ref]:
    """Return the references among some values, in order.

    Args:
        values: Anything, nested in tuples, lists and dictionaries.
    """
    if isinstance(values, Ref):
        return [values]
    if isinstance(values, dict):
        return refs(list(values.values()))
    if isinstance(values, tuple | list):
        return [each for value in values for each in refs(value)]
    return []


@cache
def _reader(kind: type[Operation]) -> tuple[list[str], _Read, bool]:
    """Return a layer's arguments, what reads them off a module, and whether it takes a bias."""
    every = [each.name for each in fields(kind)]
    names = [name for name in every if name != "bias"]
    if len(names) > 1:
        return names, itemgetter(*names), len(names) < len(every)
    return names, lambda held: tuple(held[name] for name in names), len(names) < len(every)


def _cost(module: nn.Module, arguments: tuple[object, ...]) -> int:
    """Return the multiply-accumulates of a scripted module, as torch counts them."""
    if not isinstance(module, torch.jit.ScriptModule):
        return 0
    from torch.utils.flop_counter import FlopCounterMode  # noqa: PLC0415  # slow to import

    counter = FlopCounterMode(display=False)
    # Not by calling it, which would run the hooks once more.
    with torch._C.DisableTorchFunction(), counter:  # noqa: SLF001  # the mode would see it
        module.forward(*arguments)
    return counter.get_total_flops() // 2


def _decisive(
    module: nn.Module, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]:
    """Return the call by which torch tells whether a layer takes its input."""
    if getattr(module, "padding_mode", "zeros") == "zeros":
        return func, args, kwargs
    # It pads first, by a function that does not know of the window.
    twin = copy(module)
    twin._parameters = on_meta(module._parameters)  # noqa: SLF001  # the copy's own
    return type(module).forward, (twin, args[0]), {}


def _changed(
    func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> torch.Tensor | None:
    """Return the tensor that a function writes to, if it writes to one."""
    changed = args[0] if args and writes(func) else kwargs.get("out")
    return changed if isinstance(changed, torch.Tensor) else None


def _line(frame: FrameType | None) -> tuple[str, int] | None:
    """Return the file and the line of the innermost user's code, if any called."""
    while frame is not None and frame.f_code is not Recorder.run.__code__:
        if is_users(frame.f_code.co_filename):
            return frame.f_code.co_filename, frame.f_lineno
        frame = frame.f_back
    return None


def is_users(file: str) -> bool:
    """Return whether a file of code is neither torch's, nor Python's, nor of this package.

    Args:
        file: The file's path, as code objects have it.
    """
    return not file.startswith(_OWN) and not file.startswith("<frozen")


def _in_a_kernel(frame: FrameType) -> bool:
    """Return whether torch itself calls, to work out a shape."""
    # Code that was made at run time, such as that of torch.fx, may have no name.
    name = frame.f_globals.get("__name__", "")
    if name == "torch._ops" and frame.f_back is not None:
        name = frame.f_back.f_globals.get("__name__", "")
    return str(name).startswith(_KERNELS)


def _no_rule(*_args: object, **_kwargs: object) -> object:
    return NotImplemented


def _is_metas(error: Exception) -> bool:
    """Return whether torch lacks the values, rather than refusing the sizes."""
    return isinstance(error, NotImplementedError) or bool(_META.search(str(error)))


def _name(func: Callable[..., Any]) -> str:
    """Return what users call a function of torch."""
    name = getattr(func, "__name__", type(func).__name__)
    if name == "__get__":  # an attribute, such as .T
        return str(getattr(getattr(func, "__self__", None), "__name__", name))
    if name == "fn":  # torch's choice between poolings with and without indices
        return next(
            (each for each, value in vars(torch.nn.functional).items() if value is func), name
        )
    return str(name).strip("_")


def _snake(name: str) -> str:
    return "".join(f"_{each.lower()}" if each.isupper() else each for each in name).lstrip("_")
