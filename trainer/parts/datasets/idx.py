import gzip
import re
import zlib
from pathlib import Path
from typing import IO, Any, ClassVar

import numpy as np

from dynascope.sentence import say
from trainer.folder import data_folder
from trainer.parts.datasets import Dataset, Raw, Shape, pictures
from trainer.registry import Refused, Texts, register
from trainer.spec import Strict, described

#: Minimum number of examples of a class, one for each split.
RARE = 3
#: Maximum number of bytes of an unpacked file.
MOST = 1 << 30
#: Maximum number of bytes that are unpacked only to count them: about a second.
SLOW = 200 << 20


class Params(Strict):
    files: str = described(
        "train",
        label=("Files", "파일"),
        help=(
            "The name before -images and -labels of a pair in the folder idx of the data folder.",
            "데이터 폴더의 idx 폴더에 있는 파일 쌍에서 -images와 -labels 앞의 이름.",
        ),
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$",
    )
    examples: int = described(
        10_000,
        label=("Examples at most", "예의 최대 수"),
        help=("The first of the file.", "파일의 앞에서부터."),
        ge=20,
        le=100_000,
        strict=True,
        scale="log",
        span=(500, 60_000),
    )


def _found(files: str) -> tuple[Path, Path]:
    """Paths of images and labels. Raises Refused with the expected folder and the files that are there."""
    folder = data_folder() / "idx"
    paths = sorted(folder.iterdir()) if folder.is_dir() else []
    names = [path.name for path in paths if path.is_file()]
    pair = []
    for kind in ("images", "labels"):
        pattern = re.compile(re.escape(files) + rf"-{kind}([.-]idx\d-ubyte)?(\.gz)?")
        fits = [name for name in names if pattern.fullmatch(name)]
        if not fits:
            unpacked = [path for path in paths if path.is_dir() and pattern.fullmatch(path.name)]
            if unpacked:  # some tools unpack an archive to a folder that contains a file of the same name
                name, place = unpacked[0].absolute(), folder.absolute()
                raise Refused(
                    "files", say("{name} is a folder, not a file; put the file itself into {place}", name=name, place=place), files
                )
            there = ", ".join(sorted({re.split("-images|-labels", name)[0] for name in names})[:20]) or say("nothing")
            wanted = f"{files}-{kind}-idx{3 if kind == 'images' else 1}-ubyte (or .gz)"
            raise Refused(
                "files",
                say(
                    "{wanted} is not in {folder}; put the pair there. There is: {there}",
                    wanted=wanted,
                    folder=folder.absolute(),
                    there=there,
                ),
                files,
            )
        pair.append(folder / fits[0])
    return pair[0], pair[1]


def _is_packed(path: Path) -> bool:
    """Whether the first bytes are those of a gzip file: browsers may unpack a .gz during the download and keep its name."""
    with path.open("rb") as file:
        return file.read(2) == b"\x1f\x8b"


def _opened(path: Path) -> IO[bytes]:
    return gzip.open(path) if _is_packed(path) else path.open("rb")  # type: ignore[return-value]


def _head(file: Any, path: Path, dimensions: int, files: str) -> tuple[int, ...]:
    """The sizes in the header of an IDX file of unsigned bytes."""
    magic = file.read(4)
    if magic != bytes([0, 0, 8, dimensions]):
        msg = say(
            "{name} begins with {start}, not with 000008{dimensions}: not an IDX file of bytes in {dimensions2} dimensions",
            name=path.name,
            start=magic.hex() or say("nothing"),
            dimensions=f"{dimensions:02x}",
            dimensions2=dimensions,
        )
        raise Refused("files", msg, files)
    sizes = file.read(4 * dimensions)
    if len(sizes) < 4 * dimensions:
        raise Refused("files", say("{name} is cut short: it ends within its head. Copy it again", name=path.name), files)
    return tuple(np.frombuffer(sizes, ">u4").tolist())


def _array(path: Path, dimensions: int, files: str, most: int | None = None) -> np.ndarray:
    """uint8; `most`: maximum size of the first dimension. Raises Refused for an incomplete file."""
    try:
        with _opened(path) as file:
            sizes = _head(file, path, dimensions, files)
            one = int(np.prod(sizes[1:], dtype=np.int64))
            if sizes[0] * one > MOST:
                raise Refused(
                    "files",
                    say(
                        "{name} says that it holds {size} bytes; {most} are allowed",
                        name=path.name,
                        size=f"{sizes[0] * one:,}",
                        most=f"{MOST:,}",
                    ),
                    files,
                )
            wanted = (sizes[0] if most is None else min(most, sizes[0])) * one
            data = file.read(wanted)
    except (EOFError, OSError, zlib.error) as error:
        raise Refused("files", say("{name} can't be read whole ({error}); copy it again", name=path.name, error=error), files) from None
    if len(data) < wanted:
        msg = say(
            "{name} is cut short: its head says {shape} × {size} bytes, and it ends after {count}. Copy it again",
            name=path.name,
            shape=f"{sizes[0]:,}",
            size=f"{one:,}",
            count=f"{len(data):,}",
        )
        raise Refused("files", msg, files)
    return np.frombuffer(data, np.uint8).reshape(-1, *sizes[1:])


def _unpacked(path: Path, wanted: int) -> int:
    """Number of bytes that a gzip file unpacks to, or `wanted` if there are at least as many.

    The last four bytes of a complete file give its size, so only they are read. If they differ from `wanted` (a file that was cut
    short or has several members), the file is unpacked, at about 5 ns per byte, up to SLOW bytes; the run checks the rest.
    """
    with path.open("rb") as raw:
        raw.seek(-min(4, path.stat().st_size), 2)
        if int.from_bytes(raw.read(4), "little") == wanted:
            return wanted
    count, most = 0, min(wanted, SLOW)
    try:
        with gzip.open(path) as file:
            while count < most and (piece := file.read1(min(1 << 20, most - count))):  # also reads what is left of a cut file
                count += len(piece)
    except (EOFError, OSError, zlib.error):
        return count
    return wanted if count == most else count


def _size(files: str) -> tuple[int, int, int, np.ndarray]:
    """Images, rows, columns, and the labels. Raises Refused if the counts disagree."""
    images, labels = _found(files)
    y = _array(labels, 1, files)
    try:
        with _opened(images) as file:
            count, rows, columns = _head(file, images, 3, files)
    except (EOFError, OSError, zlib.error) as error:
        raise Refused("files", say("{name} can't be read ({error}); copy it again", name=images.name, error=error), files) from None
    if count != len(y):
        raise Refused(
            "files",
            say(
                "{name} holds {images} images and {other} {labels} labels; they are no pair",
                name=images.name,
                images=f"{count:,}",
                other=labels.name,
                labels=f"{len(y):,}",
            ),
            files,
        )
    whole = 16 + count * rows * columns
    there = _unpacked(images, whole) if _is_packed(images) else images.stat().st_size
    if there < whole:
        msg = say(
            "{name} is cut short: its head asks for {whole} bytes, and there are {there}. Copy it again",
            name=images.name,
            whole=f"{whole:,}",
            there=f"{there:,}",
        )
        raise Refused("files", msg, files)
    if min(rows, columns) < 1 or len(np.unique(y)) < 2:
        raise Refused(
            "files",
            say(
                "{name} has {rows} × {columns} pixels and {count} classes; nothing can be learnt",
                name=images.name,
                rows=rows,
                columns=columns,
                count=len(np.unique(y)),
            ),
            files,
        )
    return count, rows, columns, y


@register("dataset", "idx", Params)
class Idx(Dataset):
    texts = Texts(
        label={"en": "IDX files (MNIST format)", "ko": "IDX 파일(MNIST 형식)"},
        text={
            "en": "A pair of files in MNIST’s format that lies in the folder idx of the server’s data folder: train-images-idx3-ubyte and train-labels-idx1-ubyte, packed or not, or any other pair named alike. For MNIST, Fashion-MNIST, KMNIST or a lab’s own images; nothing is downloaded.",
            "ko": "서버 데이터 폴더의 idx 폴더에 둔 MNIST 형식 파일 한 쌍입니다. train-images-idx3-ubyte와 train-labels-idx1-ubyte(압축해도 됨), 또는 같은 식으로 이름 지은 다른 쌍이면 됩니다. MNIST, Fashion-MNIST, KMNIST나 연구실의 이미지에 쓰며, 아무것도 내려받지 않습니다.",
        },
        source="https://web.archive.org/web/2020/http://yann.lecun.com/exdb/mnist/",
    )
    works_with: ClassVar = {"layouts": ["vector", "image", "sequence"], "task": "classification"}

    def shape(self, params: Params) -> Shape:
        count, rows, columns, y = _size(params.files)
        used = np.bincount(y[: params.examples])
        rare = [str(c) for c in np.flatnonzero((used > 0) & (used < RARE))]
        if rare:
            msg = say(
                "class {list} is in fewer than {least} of the first {count} examples: one for each split; take more",
                list=", ".join(rare[:20]),
                least=RARE,
                count=f"{min(count, params.examples):,}",
            )
            raise Refused("examples", msg, params.examples)
        return Shape(min(count, params.examples), pictures(rows, columns), int(y.max()) + 1)

    def load(self, params: Params, seed: int) -> Raw:
        images, labels = _found(params.files)
        x, y = _array(images, 3, params.files, params.examples), _array(labels, 1, params.files, params.examples)
        return x.astype(np.float32)[:, None], y.astype(np.int64)
