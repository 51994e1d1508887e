// usage: alone.exe FILE COMMAND: runs the command while it has the file open for itself alone, as Windows has its hives.
#include <stdlib.h>
#include <windows.h>

int main(int count, char **words)
{
    if (count != 3)
        return 99;
    HANDLE file = CreateFileA(words[1], GENERIC_READ, 0, NULL, OPEN_EXISTING, 0, NULL);
    if (file == INVALID_HANDLE_VALUE)
        return 98;
    return system(words[2]);
}
