include $(sort $(wildcard $(BR2_EXTERNAL_ANYA_PATH)/package/*/*.mk))
