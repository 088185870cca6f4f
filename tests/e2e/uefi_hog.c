/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A UEFI program that takes the kernel's place, 2 to 4 MiB, as memory of the type HOG_TYPE,
 * marks it, and then starts \vmm\loader.efi from its own volume.  For uefi_large.sh.
 */
#include <efi.h>

EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *system);

static EFI_GUID loaded_image_guid = LOADED_IMAGE_PROTOCOL;

EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *system)
{
    EFI_BOOT_SERVICES *boot = system->BootServices;
    EFI_PHYSICAL_ADDRESS place = 0x200000;
    EFI_LOADED_IMAGE *self;
    EFI_HANDLE next;
    /* A file's device path by hand: media, file path; end of all. */
    static struct {
        UINT8 type, subtype, length[2];
        CHAR16 name[16];
        UINT8 end[4];
    } __attribute__((packed)) path = {4, 4, {36, 0}, L"\\vmm\\loader.efi", {0x7f, 0xff, 4, 0}};
    static UINT8 whole[512];
    EFI_GUID device_path_guid = DEVICE_PATH_PROTOCOL;
    EFI_DEVICE_PATH *device;
    UINTN at = 0;

    EFI_STATUS status = boot->AllocatePages(AllocateAddress, HOG_TYPE, 512, &place);
    if (status == EFI_SUCCESS)
        system->ConOut->OutputString(system->ConOut, (CHAR16 *)L"hog: it is mine\r\n");
    boot->SetMem((void *)place, 0x200000, 0xa5);
    boot->HandleProtocol(image, &loaded_image_guid, (void **)&self);
    boot->HandleProtocol(self->DeviceHandle, &device_path_guid, (void **)&device);
    while (device->Type != 0x7f) {
        UINTN length = device->Length[0] | device->Length[1] << 8;
        boot->CopyMem(whole + at, device, length);
        at += length;
        device = (EFI_DEVICE_PATH *)((UINT8 *)device + length);
    }
    boot->CopyMem(whole + at, &path, sizeof(path));
    status = boot->LoadImage(FALSE, image, (EFI_DEVICE_PATH *)whole, NULL, 0, &next);
    if (status == EFI_SUCCESS)
        status = boot->StartImage(next, NULL, NULL);
    return status;
}
