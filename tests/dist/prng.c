// bcryptprimitives.dll for Wine 8, which has none: Rust's standard library takes random numbers from there.
#include <windows.h>

BOOLEAN WINAPI SystemFunction036(PVOID data, ULONG length);

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE data, SIZE_T length)
{
    return SystemFunction036(data, (ULONG)length);
}
