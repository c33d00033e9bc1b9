"""What crun's tests need of libmount's Python binding, which Debian does not have: a table read from a mountinfo."""


class Entry:
    def __init__(self, line):
        before, after = line.split(" - ")
        self.target, self.vfs_options = before.split(" ")[4:6]
        self.fs_options = after.split(" ")[2]


class Table:
    def __init__(self, path):
        with open(path) as file:
            self.entries = [Entry(line.strip()) for line in file if " - " in line]

    def find_target(self, target):
        return [entry for entry in self.entries if entry.target == target][-1]
