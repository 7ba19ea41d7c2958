"""Which files of a folder are pictures."""

from pixlate import images


def test_the_pictures_of_a_folder_come_in_order_and_others_are_counted(tmp_path):
    for name in ("b.png", "a/2.JPG", "a/1.webp", ".hidden/x.png", ".x.png", "a/notes.txt", "c.TIF", "d.tif", "README"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    pictures_, others = images.pictures_in(tmp_path)
    assert [path.relative_to(tmp_path).as_posix() for path in pictures_] == [
        "a/1.webp",
        "a/2.JPG",
        "b.png",
        "c.TIF",
        "d.tif",
    ]
    assert others == {".txt": 1, "no ending": 1}
