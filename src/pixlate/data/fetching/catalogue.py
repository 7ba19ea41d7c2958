"""The data sets of the papers: where they lie, what is known of them, and how the papers trained on them.

Sizes and SHA-256 of CycleGAN's archives are those that TensorFlow Datasets has in its url_checksums/cycle_gan.txt. Of
the archives of pix2pix no SHA-256 is published. Training details: pix2pix, appendix 6.2; CycleGAN, appendix 7.1.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pixlate.errors import FetchError, suggestion

_HOST = "efrosgans.eecs.berkeley.edu"
_PIX2PIX = "Isola et al., Image-to-Image Translation with Conditional Adversarial Networks, CVPR 2017"
_CYCLEGAN = "Zhu et al., Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial Networks, ICCV 2017"
_CUT = "Park et al., Contrastive Learning for Unpaired Image-to-Image Translation, ECCV 2020"
_NO_LICENCE = "No licence is given for the pictures; for research."


@dataclass(frozen=True)
class Archive:
    """A file that a data set is made from."""

    name: str
    urls: tuple[str, ...] = ()
    """Where the authors have it; none if it is handed out to those who ask only."""
    size: int | None = None
    """Bytes, where they are known."""
    sha256: str | None = None


@dataclass(frozen=True)
class DataSet:
    """A data set of the papers."""

    name: str
    task: str
    """What is translated to what, as the settings have it."""
    pictures: str
    licence: str
    citation: str
    settings: Mapping[str, Any]
    """The paper's training, as settings of `pixlate train`."""
    archives: tuple[Archive, ...] = ()
    about: str = ""
    """Size of the download, for a person."""
    ask: str = ""
    """How to come by it, where it cannot be downloaded from here."""
    remark: str = ""
    """What the paper leaves open, and what the settings then say."""
    recipe: Mapping[str, Any] = field(default_factory=dict)
    """Further settings, which are left out where `pixlate train` does not know them."""


_JITTER = {"size": 256, "load_size": 286, "mirror": True}
_NO_JITTER = {"size": 256, "load_size": 256, "mirror": False}
_UNSTATED = "The paper names neither jitter nor mirroring for this task; these settings have neither."


def _training(epochs: int, batch_size: int, direction: str, prepared: Mapping[str, Any]) -> dict[str, Any]:
    return {"method": "pix2pix", "direction": direction, **prepared, "epochs": epochs, "batch_size": batch_size}


def _pix2pix(name: str, size: int | None = None) -> tuple[Archive]:
    file = f"{name}.tar.gz"
    return (Archive(file, tuple(f"{http}://{_HOST}/pix2pix/datasets/{file}" for http in ("https", "http")), size),)


def _unpaired(name: str, task: str, pictures: str, source: str, size: int, sha256: str, **settings: object) -> DataSet:
    file = f"{name}.zip"
    urls = tuple(f"{http}://{_HOST}/cyclegan/datasets/{file}" for http in ("https", "http"))
    return DataSet(
        name,
        task,
        pictures,
        f"Pictures from {source}. {_NO_LICENCE}",
        _CYCLEGAN,
        {"method": "cyclegan", **_JITTER, "epochs": 200, "batch_size": 1, **settings},
        (Archive(file, urls, size, sha256),),
        f"{size / 1e6:.0f} MB",
    )


_PAINTINGS = "WikiArt and Flickr"
_ALL = (
    DataSet(
        "facades",
        "facade labels → photo",
        "400 train, 100 val, 106 test pairs of 256 px",
        "CMP Facade Database, Center for Machine Perception, Prague. " + _NO_LICENCE,
        f"{_PIX2PIX}; Tyleček and Šára, Spatial Pattern Templates for Recognition of Objects with Regular Structure, "
        "GCPR 2013",
        _training(200, 1, "BtoA", _JITTER),
        _pix2pix("facades", 30168306),
        "30 MB",
    ),
    DataSet(
        "maps",
        "map → aerial photo",
        "1096 train, 1098 val pairs of 600 px",
        "Pictures from Google Maps, whose terms apply. " + _NO_LICENCE,
        _PIX2PIX,
        _training(200, 1, "BtoA", _JITTER),
        _pix2pix("maps", 250242400),
        "250 MB",
        remark="The paper learned both directions; --direction AtoB is aerial photo → map.",
    ),
    DataSet(
        "edges2shoes",
        "edges → shoe",
        "49,825 train, 200 val pairs of 256 px",
        "UT Zappos50K, for academic, non-commercial use only.",
        f"{_PIX2PIX}; Yu and Grauman, Fine-Grained Visual Comparisons with Local Learning, CVPR 2014",
        _training(15, 4, "AtoB", _NO_JITTER),
        _pix2pix("edges2shoes"),
        "about 2.0 GB",
        remark=_UNSTATED,
    ),
    DataSet(
        "edges2handbags",
        "edges → handbag",
        "138,567 train, 200 val pairs of 256 px",
        "Pictures of products on Amazon, from the iGAN project. " + _NO_LICENCE,
        f"{_PIX2PIX}; Zhu et al., Generative Visual Manipulation on the Natural Image Manifold, ECCV 2016",
        _training(15, 4, "AtoB", _NO_JITTER),
        _pix2pix("edges2handbags"),
        "about 8.0 GB",
        remark=_UNSTATED,
    ),
    DataSet(
        "night2day",
        "day → night",
        "17,823 train, 10 val, 2287 test pairs of 256 px",
        "Transient Attributes, webcam pictures. " + _NO_LICENCE,
        f"{_PIX2PIX}; Laffont et al., Transient Attributes for High-Level Understanding and Editing of Outdoor Scenes, "
        "SIGGRAPH 2014",
        _training(17, 4, "BtoA", _JITTER),
        _pix2pix("night2day"),
        "about 1.9 GB",
    ),
    DataSet(
        "cityscapes",
        "street labels → photo",
        "2975 train, 500 val pairs, made 256 px here",
        "Cityscapes licence: for registered users, non-commercial; not to be passed on.",
        f"{_PIX2PIX}; Cordts et al., The Cityscapes Dataset for Semantic Urban Scene Understanding, CVPR 2016",
        _training(200, 1, "BtoA", _JITTER),
        (Archive("leftImg8bit_trainvaltest.zip"), Archive("gtFine_trainvaltest.zip")),
        "about 11 GB",
        ask="Register at https://www.cityscapes-dataset.com, download leftImg8bit_trainvaltest.zip and "
        "gtFine_trainvaltest.zip, and give both: --from leftImg8bit_trainvaltest.zip --from gtFine_trainvaltest.zip.",
        remark="The loss and receptive field tables have batch 1, the generator table (Table 2) batch 10.",
    ),
    _unpaired(
        "apple2orange", "apple ↔ orange", "995 + 1019 train, 266 + 248 test", "ImageNet",
        78456409, "845a191e9af8926408ea597001cd03a452e3300a1f44a79fe329b3d59f6e3eb8",
    ),
    _unpaired(
        "summer2winter_yosemite", "summer ↔ winter", "1231 + 962 train, 309 + 238 test", "Flickr",
        132640856, "167fe1726807a9d22bd106b4a6c0bd7953b688af924ac1bf967439c4961e49f9",
    ),
    _unpaired(
        "horse2zebra", "horse ↔ zebra", "1067 + 1334 train, 120 + 140 test", "ImageNet",
        116867962, "a74d9d392eecca9966b51287a76ca126af473d9de4f3e8fc0e9cda08fa1730a1",
    ),
    _unpaired(
        "monet2photo", "Monet ↔ photo", "1072 + 6287 train, 121 + 751 test", _PAINTINGS,
        305231073, "88f91b00fc228f97c9411fbf1880ec1d119c98f1722e4cfcfaa2fb35fac05b04", lambda_identity=0.5,
    ),
    _unpaired(
        "cezanne2photo", "Cézanne ↔ photo", "525 + 6287 train, 58 + 751 test", _PAINTINGS,
        279885071, "3a6c10ca21f9485862f1cbd707744b9dc258954a04631271d23a3605eeb63cff", lambda_identity=0.5,
    ),
    _unpaired(
        "ukiyoe2photo", "Ukiyo-e ↔ photo", "562 + 6287 train, 263 + 751 test", _PAINTINGS,
        292946532, "02a2a2fb5ecf425ca1bf86aca7304377da64a2a1d3b86df54eb65e4068bf3b08", lambda_identity=0.5,
    ),
    _unpaired(
        "vangogh2photo", "Van Gogh ↔ photo", "400 + 6287 train, 400 + 751 test", _PAINTINGS,
        306590349, "362c3473e70be0944bda08d49d660eafdc2854df55d697835b8186d1d79caaff", lambda_identity=0.5,
    ),
    _unpaired(
        "iphone2dslr_flower", "telephone ↔ camera picture of flowers", "1812 + 3325 train, 569 + 480 test", "Flickr",
        339964458, "8fcb5e374d631b107e1d961b8c4cd0a186aa2a4ff3e279923f4c426128de7113",
        lambda_identity=0.5, fit="width", load_size=360,
    ),
    DataSet(
        "grumpifycat",
        "Russian Blue → Grumpy Cat",
        "88 + 214 train",
        "Pictures from the web. " + _NO_LICENCE,
        _CUT,
        {"method": "cut", "direction": "AtoB", **_JITTER, "batch_size": 1},
        (Archive("grumpifycat.zip", tuple(
            f"{http}://{_HOST}/cyclegan/datasets/grumpifycat.zip" for http in ("https", "http")
        )),),
        "about 19 MB",
    ),
    DataSet(
        "colorization",
        "grey → colour",
        "1.2 million train pictures of ImageNet",
        "ImageNet's terms of access: research and education, non-commercial.",
        f"{_PIX2PIX}; Russakovsky et al., ImageNet Large Scale Visual Recognition Challenge, IJCV 2015",
        {**_training(6, 4, "AtoB", _NO_JITTER), "mirror": True},
        ask="Ask for ImageNet (ILSVRC 2012) at https://image-net.org, and give the folder of its pictures, or any "
        "folder of colour pictures: --from FOLDER.",
        recipe={"recipe": "lab"},
    ),
    DataSet(
        "thermal",
        "thermal → colour",
        "36,609 train pairs of 640x480 px",
        "KAIST Multispectral Pedestrian Dataset: its own terms, non-commercial.",
        f"{_PIX2PIX}; Hwang et al., Multispectral Pedestrian Detection: Benchmark Dataset and Baseline, CVPR 2015",
        _training(10, 4, "AtoB", _NO_JITTER),
        ask="Ask for the KAIST Multispectral Pedestrian Dataset at https://soonminhwang.github.io/rgbt-ped-detection, "
        "put the thermal pictures of set00 to set05 (lwir) into FOLDER/A and the colour ones (visible) under the same "
        "names into FOLDER/B, and give it: --from FOLDER.",
        remark=_UNSTATED,
    ),
    DataSet(
        "inpainting",
        "photo with a hole → photo",
        "14,900 train pictures of Paris StreetView",
        "Paris StreetView is handed out by its authors for research.",
        f"{_PIX2PIX}; Pathak et al., Context Encoders: Feature Learning by Inpainting, CVPR 2016",
        _training(25, 4, "AtoB", _JITTER),
        ask="Ask its authors for Paris StreetView (https://github.com/pathak22/context-encoder), and give the folder "
        "of its pictures, or any folder of photographs: --from FOLDER.",
        remark="The paper names neither jitter nor mirroring for this task; its code does both unless told otherwise.",
        recipe={"recipe": "mask"},
    ),
)  # fmt: skip

CATALOGUE: dict[str, DataSet] = {data_set.name: data_set for data_set in _ALL}


def find(name: str) -> DataSet:
    """The data set of that name.

    Raises:
        FetchError: there is none.
    """
    if name not in CATALOGUE:
        raise FetchError(
            f"There is no data set {name!r}; choose from {', '.join(CATALOGUE)}.{suggestion(name, CATALOGUE)}"
        )
    return CATALOGUE[name]
