PARTS=()
def run(a):
    return [], {}
